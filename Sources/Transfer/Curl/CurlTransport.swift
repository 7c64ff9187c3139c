internal import CCurl
internal import Synchronization
internal import Threads

/// The real ``Transport``: libcurl on threads of its own.
///
/// Use one for a whole run: requests share its connections and the bound on its memory. ``shutdown()``, or the release
/// of the last reference, ends all transfers.
package final class CurlTransport: Transport {
    private let loops: LoopGroup
    private let ids = Atomic<UInt64>(0)

    var pool: BufferPool { loops.pool }
    /// The number of loops that were started, for tests.
    var loopCount: Int { loops.count }

    /// Throws ``TransferError/Code/localFailure`` if memory or threads ran out.
    package convenience init(_ configuration: TransportConfiguration) throws(TransferError) {
        try self.init(configuration, driver: .libcurl)
    }

    /// - Parameters:
    ///   - driver: calls libcurl, or simulates failures in tests.
    ///   - startThread: starts a thread, or refuses to.
    init(
        _ configuration: TransportConfiguration, driver: MultiDriver,
        startThread: @escaping LoopGroup.ThreadStart = { SystemThread($0) }
    ) throws(TransferError) {
        guard Self.globalInit == CURLE_OK else {
            throw TransferError(.localFailure, "libcurl could not be initialized")
        }
        loops = try LoopGroup(configuration, driver: driver, startThread: startThread)
    }

    deinit { shutdown() }

    package func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        let id = ids.wrappingAdd(1, ordering: .relaxed).newValue
        guard let exchange = loops.start(id: id, request) else {
            throw TransferError(.cancelled, "the transport was shut down", url: request.url)
        }
        return CurlResponse(exchange, head: try await exchange.head())
    }

    /// Ends all transfers with ``TransferError/Code/cancelled`` and waits, usually a few milliseconds, for the threads
    /// to end. May be called more than once.
    package func shutdown() { loops.stop() }

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
