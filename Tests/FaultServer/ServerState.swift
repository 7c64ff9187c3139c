internal import Glibc
internal import NIOCore
internal import Synchronization

/// The state that all connections share.
final class ServerState: Sendable {
    private struct Guarded {
        var content: Content
        var counters: ScriptCounters
        var connections = 0
        var stopping = false
        var sharedPacers: [Int64: Pacer] = [:]
    }

    let log: RequestLog
    let gates = Gates()
    private let guarded: Mutex<Guarded>

    init(content: Content, script: FaultScript, log: RequestLog) {
        self.log = log
        guarded = Mutex(Guarded(content: content, counters: ScriptCounters(script)))
    }

    /// The new script counts requests from 0, and its gates are closed.
    func replace(script: FaultScript) {
        gates.close()
        guarded.withLock {
            $0.counters = ScriptCounters(script)
            $0.sharedPacers = [:]
        }
    }

    func replace(content: Content) {
        guarded.withLock { $0.content = content }
    }

    func nextConnection() -> Int {
        guarded.withLock { state in
            defer { state.connections += 1 }
            return state.connections
        }
    }

    var connectionCount: Int { guarded.withLock { $0.connections } }

    var isStopping: Bool {
        get { guarded.withLock { $0.stopping } }
        set { guarded.withLock { $0.stopping = newValue } }
    }

    func pacer(bytesPerSecond: Int64, shared: Bool) -> Pacer {
        guard shared else { return Pacer(bytesPerSecond: bytesPerSecond) }
        return guarded.withLock { state in
            if let pacer = state.sharedPacers[bytesPerSecond] { return pacer }
            let pacer = Pacer(bytesPerSecond: bytesPerSecond)
            state.sharedPacers[bytesPerSecond] = pacer
            return pacer
        }
    }

    /// Determines the response to a request and adds its record to the log.
    func reply(to request: RequestHead, connection: Int) -> (reply: Reply, record: Int) {
        let path = request.path
        let asked = AskedRange(field: request["Range"])
        let (content, faults, ordinal) = guarded.withLock { state in
            let offset = asked?.offset(size: state.content.file(path)?.size ?? 0) ?? 0
            let (faults, ordinal) = state.counters.faults(path: path, method: request.method, offset: offset)
            return (state.content, faults, ordinal)
        }
        let circumstances = Circumstances(
            request: request, path: path, content: content, faults: faults, ordinal: ordinal, now: Int64(time(nil)))
        let reply = Reply(circumstances)
        let record = log.append { order in
            RequestRecord(
                order: order, connection: connection, method: request.method, target: request.target, path: path,
                headers: request.headers, faults: faults, status: reply.status)
        }
        return (reply, record)
    }
}
