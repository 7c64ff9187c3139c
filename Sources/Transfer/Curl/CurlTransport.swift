internal import CCurl
internal import Synchronization
internal import Threads

/// The real ``Transport``: libcurl on a thread of its own.
///
/// Use one for a whole run: requests share its connections and the bound on its memory. ``shutdown()``, or the release
/// of the last reference, ends all transfers.
package final class CurlTransport: Transport {
    private let inbox: LoopInbox
    private let thread: SystemThread
    private let ids = Atomic<UInt64>(0)
    let pool: BufferPool

    /// Throws ``TransferError/Code/localFailure`` if memory or threads ran out.
    package convenience init(_ configuration: TransportConfiguration) throws(TransferError) {
        try self.init(configuration, driver: .libcurl)
    }

    /// - Parameter driver: calls libcurl, or simulates failures in tests.
    init(_ configuration: TransportConfiguration, driver: MultiDriver) throws(TransferError) {
        guard Self.globalInit == CURLE_OK, let multi = MultiReference.make() else {
            throw TransferError(.localFailure, "libcurl could not be initialized")
        }
        let inbox = LoopInbox(multi: multi)
        let pool = BufferPool { inbox.wake() }
        self.inbox = inbox
        self.pool = pool
        let thread = SystemThread {
            CurlLoop(multi: multi, driver: driver, inbox: inbox, pool: pool, configuration: configuration).run()
        }
        guard let thread else {
            curl_multi_cleanup(multi.handle)
            throw TransferError(.localFailure, "could not start a thread")
        }
        self.thread = thread
    }

    deinit { shutdown() }

    package func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        let id = ids.wrappingAdd(1, ordering: .relaxed).newValue
        let exchange = Exchange(id: id, request: request, inbox: inbox)
        guard inbox.start(exchange) else {
            throw TransferError(.cancelled, "the transport was shut down", url: request.url)
        }
        return CurlResponse(exchange, head: try await exchange.head())
    }

    /// Ends all transfers with ``TransferError/Code/cancelled`` and waits, usually a few milliseconds, for the thread
    /// to end. May be called more than once.
    package func shutdown() {
        inbox.stop()
        thread.join()
    }

    /// The versions of libcurl and its libraries: `libcurl/7.88.1 OpenSSL/3.0.19 …`.
    package static var libraryVersions: String { String(cString: curl_version()) }

    /// The result of curl_global_init(3), which runs once: Swift initializes a static on first use, whatever the
    /// thread.
    private static let globalInit: CURLcode = curl_global_init(ccurl_global_all)
}

/// A response; releasing the last reference to it ends the transfer.
private final class CurlResponse: TransportResponse {
    let head: ResponseHead
    private let exchange: Exchange

    init(_ exchange: Exchange, head: ResponseHead) {
        self.exchange = exchange
        self.head = head
    }

    deinit { exchange.cancel() }

    func next() async throws(TransferError) -> Chunk? { try await exchange.next() }

    func halt() { exchange.halt() }

    func cancel() { exchange.cancel() }
}
