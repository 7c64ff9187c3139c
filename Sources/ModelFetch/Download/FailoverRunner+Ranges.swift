internal import Synchronization
internal import Transfer

/// Sources that refuse ranges.
extension FailoverRunner {
    /// Requests a range of the file from a source, or the whole file if the source turns out to refuse ranges.
    func open(_ request: FetchRequest, from index: Int) async throws(TransferError) -> RangeBody {
        guard request.range != nil else { return try await context.fetcher.open(request) }
        let isRangeless = context.health.all[index].refusesRanges
        if !ranges.withLock({ $0[index].isRefused || (isRangeless && !$0[index].hasWorked) }) {
            do throws(TransferError) {
                let body = try await context.fetcher.open(request)
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
