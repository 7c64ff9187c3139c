internal import CCurl
internal import Synchronization

/// What other threads ask of the loop. The only thing of libcurl's that crosses threads is the wake-up call.
final class LoopInbox: Sendable {
    struct Mail {
        var starts: [Exchange] = []
        var cancels: [Exchange.ID] = []
        var halts: [Exchange.ID] = []
        var stops = false
    }

    private struct State {
        var mail = Mail()
        /// Somebody woke the loop and it did not look yet: once is enough.
        var isAwake = false
        /// `nil` once the loop is gone.
        var multi: MultiReference?
    }

    private let state: Mutex<State>

    init(multi: MultiReference) { state = Mutex(State(multi: multi)) }

    /// Whether the loop still takes transfers.
    func start(_ exchange: Exchange) -> Bool { post { $0.starts.append(exchange) } }
    func cancel(_ id: Exchange.ID) { _ = post { $0.cancels.append(id) } }
    /// Whether the loop is still there to do it.
    func halt(_ id: Exchange.ID) -> Bool { post { $0.halts.append(id) } }
    /// There is room, or a waiting consumer, somewhere: the loop looks at the transfers that it held back in every turn.
    func nudge() { _ = post { _ in } }
    func stop() { _ = post { $0.stops = true } }

    /// Takes all mail.
    func drain() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            state.isAwake = false
            return state.mail
        }
    }

    /// The loop goes on with another multi handle: nobody wakes the former one from now on.
    func replace(_ multi: MultiReference) { state.withLock { $0.multi = multi } }

    /// The loop ends: nobody wakes it from now on. Returns what came too late.
    func close() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            state.multi = nil
            return state.mail
        }
    }

    private func post(_ change: (inout Mail) -> Void) -> Bool {
        state.withLock { state in
            // Inside the lock: `close` cannot pass, and the handle be freed, between this look and the call.
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

/// A multi handle as other threads see it.
struct MultiReference: @unchecked Sendable {
    // Only curl_multi_wakeup(3) is called from other threads, and its manual page allows that.
    let handle: UnsafeMutableRawPointer

    func wakeUp() { curl_multi_wakeup(handle) }

    /// A new multi handle, set up; `nil` if there is no memory or no descriptor for it. Its maker frees it.
    static func make() -> MultiReference? {
        guard let handle = curl_multi_init() else { return nil }
        // Many small files in a row find their connection again; nobody needs more.
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, 32)
        // A connection a transfer, with HTTP/2, too: then one that is held back leaves its bytes in the kernel's buffers.
        ccurl_multi_set_long(handle, CURLMOPT_PIPELINING, ccurl_pipe_nothing)
        return MultiReference(handle: handle)
    }
}
