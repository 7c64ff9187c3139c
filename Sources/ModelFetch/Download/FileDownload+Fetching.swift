internal import Storage
internal import Threads
internal import Transfer

/// Fetches the bytes that are missing.
extension FileDownload {
    /// Fetches gap after gap until there is none.
    func fetchGaps(_ partial: PartialFile) async throws {
        if counters.withLock({ $0.takesOneStream }) {
            try await fetchInOneStream(partial)
        } else {
            try await FileFetch(self, partial).run()
        }
    }

    /// Reserves disk space for the file, once. Called when a source has answered, so that no space is reserved for a file that no
    /// source has.
    func reserveOnce(_ partial: PartialFile) throws(StorageError) {
        let isFirst = counters.withLock { counters in
            defer { counters.isReserved = true }
            return !counters.isReserved
        }
        if isFirst { try partial.reserve() }
    }

    /// A server may send less than was requested (RFC 9110 §15.3.7). Very short answers would lead to a storm of requests, so they are
    /// paced and counted like a body that ends early.
    func refuseCrumbs(_ body: RangeBody, asked: Range<Int64>) throws(TransferError) {
        let reply = body.reply
        guard let end = reply.end, end < asked.upperBound, end - reply.start < SourceSchedule.progressBytes else {
            return
        }
        throw TransferError(.short, "received \(end - reply.start) of \(asked.count) bytes", url: body.url, offset: end)
    }
}
