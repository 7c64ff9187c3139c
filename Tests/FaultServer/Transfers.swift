internal import NIOCore
internal import Synchronization

/// The transfers in progress. A connection has one at a time at most.
///
/// With one event loop the count is exact: a transfer has ended before a request is read that the client could have sent
/// because of that.
final class Transfers: Sendable {
    private struct State {
        var connections: Set<Int> = []
        var refusals = 0
        var history = TransferHistory()
    }

    private let state = Mutex(State())

    /// Begins a transfer, unless `limit` are in progress, which counts as a refusal.
    func begin(connection: Int, limit: Int?) -> Bool {
        state.withLock { state in
            if let limit, state.connections.count >= limit {
                state.refusals += 1
                return false
            }
            state.connections.insert(connection)
            state.history.note(state.connections.count, at: Self.now)
            return true
        }
    }

    /// Ends the transfer of a connection, if there is one.
    func end(connection: Int) {
        state.withLock { state in
            guard state.connections.remove(connection) != nil else { return }
            state.history.note(state.connections.count, at: Self.now)
        }
    }

    var count: Int { state.withLock { $0.connections.count } }

    /// How many transfers are in progress on connections that are older than this one.
    func count(olderThan connection: Int) -> Int {
        state.withLock { state in state.connections.count { $0 < connection } }
    }

    /// The refusals, and the numbers of transfers until now.
    var summary: (refusals: Int, peak: Int, atEndOfSecond: [Int], mostInSecond: [Int]) {
        state.withLock { state in
            state.history.note(state.connections.count, at: Self.now)
            return (state.refusals, state.history.peak, state.history.atEndOfSecond, state.history.mostInSecond)
        }
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }
}
