internal import CCurl
internal import Threads

/// Requests from other threads to the ``CurlLoop``. The only libcurl call made on another thread is the wake-up.
final class LoopInbox: Sendable {
    struct Mail {
        var starts: [Exchange] = []
        var cancels: [Exchange.ID] = []
        var halts: [Exchange.ID] = []
        var stops = false
    }

    private struct State {
        var mail = Mail()
        /// Whether the loop was woken and has not drained the mail yet: one wake-up is enough.
        var isAwake = false
        /// `nil` once the loop has ended.
        var multi: MultiReference?
    }

    private let state: Lock<State>

    init(multi: MultiReference) { state = Lock(State(multi: multi)) }

    /// Returns `false` if the loop has ended and the transfer will not start.
    func start(_ exchange: Exchange) -> Bool { post { $0.starts.append(exchange) } }
    func cancel(_ id: Exchange.ID) { _ = post { $0.cancels.append(id) } }
    /// Returns `false` if the loop has ended.
    func halt(_ id: Exchange.ID) -> Bool { post { $0.halts.append(id) } }
    /// Makes the loop look again at the transfers that are paused or have buffered data.
    func wake() { _ = post { _ in } }
    func stop() { _ = post { $0.stops = true } }

    /// Takes all requests.
    func drain() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            state.isAwake = false
            return state.mail
        }
    }

    /// Switches to another multi handle. The previous one is not used after this returns.
    func replace(_ multi: MultiReference) { state.withLock { $0.multi = multi } }

    /// The loop has ended. Its multi handle is not used after this returns. Returns the requests that came too late.
    func close() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            state.multi = nil
            return state.mail
        }
    }

    private func post(_ change: (inout Mail) -> Void) -> Bool {
        state.withLock { state in
            // Under the lock: otherwise `close` could return, and the handle be freed, between this check and the
            // wake-up.
            guard let multi = state.multi else { return false }
            change(&state.mail)
            if !state.isAwake {
                state.isAwake = true
                multi.wakeUp()
            }
            return true
        }
    }
}

/// A multi handle, as far as other threads may use it.
struct MultiReference: @unchecked Sendable {
    // Other threads call only curl_multi_wakeup(3), whose manual page allows that.
    let handle: UnsafeMutableRawPointer

    /// How many idle connections a multi handle keeps: enough for many small files in a row to reuse them.
    static let maximumConnections = 32

    func wakeUp() { curl_multi_wakeup(handle) }

    /// Creates and configures a multi handle, which the caller frees; `nil` if memory or descriptors ran out.
    static func make() -> MultiReference? {
        guard let handle = curl_multi_init() else { return nil }
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, maximumConnections)
        // One connection per transfer, even with HTTP/2, so that the bytes of a paused transfer stay in the kernel's
        // buffers.
        ccurl_multi_set_long(handle, CURLMOPT_PIPELINING, ccurl_pipe_nothing)
        return MultiReference(handle: handle)
    }
}
