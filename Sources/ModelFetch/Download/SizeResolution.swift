internal import Storage
internal import Threads
internal import Transfer

/// Determines the size of a file if the manifest does not give it.
///
/// The expected size counts unless two sources agree on another one. If no size is expected, the first source's answer counts.
struct SizeResolution: Sendable {
    private let context: RunContext
    private let runner: FailoverRunner

    init(_ context: RunContext, runner: FailoverRunner) {
        self.context = context
        self.runner = runner
    }

    /// - Throws: a ``Failure`` if no source gives an acceptable size, and `CancellationError`.
    func size(of file: ManifestFile) async throws -> Int64 {
        if let size = file.size { return size }
        let told = Lock<[Int64: Set<SourceID>]>([:])
        return try await runner.run(.init(offset: 0, kept: "nothing was changed")) { source, attempt in
            let index = attempt.source
            let request = try source.request(for: file.path, range: 0..<1)
            let url = request.url
            let body = try await SingleConnection.with(context, to: index) { _ in
                let body = try await ask(request, index)
                body.cancel()
                return body
            }
            runner.count(body, from: index)
            guard let total = body.reply.total else {
                throw TransferError(.wrongLength, "the server does not say how large the file is").at(url)
            }
            // The limit of manifests, so that sums of sizes cannot overflow.
            guard total <= 1 << 53 else {
                throw TransferError(.wrongLength, "the server says that its file has \(total) bytes").at(url)
            }
            guard let expected = file.expected?.size, expected != total else { return total }
            let agreeing = told.withLock { told in
                told[total, default: []].insert(source.id)
                return told[total, default: []].count
            }
            if agreeing > 1 { return total }
            throw TransferError(.wrongLength, "expected \(expected) bytes (not certain), the server has \(total)")
                .at(url)
        }
    }

    private func ask(_ request: FetchRequest, _ index: Int) async throws(TransferError) -> RangeBody {
        do throws(TransferError) {
            return try await runner.open(request, from: index)
        } catch {
            let isWhole = error.code == .wrongLength && error.status == 200
            guard error.code == .rangeNotSatisfiable || isWhole else { throw error }
        }
        // An empty file has no first byte.
        var whole = request
        whole.range = nil
        return try await context.fetcher.open(whole)
    }
}
