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
        var limits = SharedLimits()
    }

    let log: RequestLog
    let gates = Gates()
    let transfers = Transfers()
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
            $0.limits = SharedLimits()
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

    /// Whether the script refuses requests beyond a number of transfers.
    var limitsTransfers: Bool { guarded.withLock { $0.counters.limitsTransfers } }

    /// What the responses share that have limits in common.
    func withLimits<Result: Sendable>(_ body: (inout SharedLimits) -> Result) -> Result {
        guarded.withLock { body(&$0.limits) }
    }

    /// Determines the response to a request and adds its record to the log.
    func reply(to request: RequestHead, connection: Int) -> (reply: Reply, record: Int) {
        let path = request.path
        let asked = AskedRange(field: request["Range"])
        let (content, faults, ordinal) = guarded.withLock { state in
            let offset = asked?.offset(size: state.content.file(path)?.size ?? 0) ?? 0
            let (faults, ordinal) = state.counters.faults(
                path: path, method: request.method, offset: offset, connection: connection)
            return (state.content, faults, ordinal)
        }
        var circumstances = Circumstances(
            request: request, path: path, content: content, faults: faults, ordinal: ordinal, now: Int64(time(nil)))
        var reply = Reply(circumstances)
        if let consequence = refusal(of: reply, connection: connection, faults: faults) {
            circumstances.faults.append(consequence)
            reply = Reply(circumstances)
        }
        let record = log.append { order in
            RequestRecord(
                order: order, connection: connection, method: request.method, target: request.target, path: path,
                headers: request.headers, faults: faults, status: reply.status)
        }
        return (reply, record)
    }

    /// Begins a transfer, if the reply is one and nothing is against it.
    ///
    /// - Returns: the fault that replaces the reply.
    private func refusal(of reply: Reply, connection: Int, faults: [Fault]) -> Fault? {
        guard reply.isTransfer else { return nil }
        if let death = reply.death, withLimits({ $0.allowance(death) }).isUsedUp { return .resetBeforeHead }
        var limits: [(Int, Fault)] = []
        for case .limit(let transfers, let status, let retryAfter, let reset) in faults {
            let answer = Fault.status(status ?? 429, retryAfter: retryAfter)
            limits.append((transfers, reset == true ? .resetBeforeHead : answer))
        }
        // Of several limits, the lowest one is reached first.
        let lowest = limits.min { $0.0 < $1.0 }
        return transfers.begin(connection: connection, limit: lowest?.0) ? nil : lowest?.1
    }
}
