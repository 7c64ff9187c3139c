internal import Threads
internal import Transfer

/// Sources that refuse ranges.
extension FailoverRunner {
    /// How many bytes that are here already may come again before the range is asked for once more.
    private static let mostSkipped: Int64 = 256 << 10

    /// Whether several connections may fetch parts of the file from a source at once: it has served a range of it.
    func servesRanges(_ index: Int) -> Bool { ranges.withLock { $0[index].hasWorked && !$0[index].isRefused } }

    /// Requests a range of the file from a source, or the whole file if the source turns out to refuse ranges.
    func open(_ request: FetchRequest, from index: Int) async throws(TransferError) -> RangeBody {
        guard request.range != nil else { return try await context.fetcher.open(request) }
        let isRangeless = context.health.all[index].refusesRanges
        if !ranges.withLock({ $0[index].isRefused || (isRangeless && !$0[index].hasWorked) }) {
            do throws(TransferError) {
                let body = try await context.fetcher.open(request)
                // Skipping what is here already costs as much as fetching it. If the file has changed, the whole is the right answer.
                let hasChanged = request.validator != nil && body.reply.validator != request.validator
                if body.reply.skip > Self.mostSkipped, !hasChanged, !ranges.withLock({ $0[index].ignoredRange() }) {
                    body.cancel()
                    count(body, from: index)
                    throw TransferError(.rangeNotSatisfiable, "the server sent the whole file", status: 200)
                        .at(body.url, offset: request.range?.lowerBound)
                }
                ranges.withLock { $0[index].served(body.reply) }
                return body
            } catch {
                let retries = context.options.retries
                guard ranges.withLock({ $0[index].failed(error, retries: retries) }) else { throw error }
                context.emit(.debug("\(printable(path)): \(error); asking for the whole file instead of a range"))
            }
        }
        var whole = request
        whole.asksForWhole = true
        do throws(TransferError) {
            let body = try await context.fetcher.open(whole)
            ranges.withLock { $0[index].servedWhole() }
            context.health.update(index) { $0.deliveredWhole() }
            return body
        } catch {
            ranges.withLock { $0[index].wholeFailed(error) }
            throw error
        }
    }
}
