/// Decides which loop serves a request.
///
/// Each loop has a thread, which decrypts what its transfers receive, and a multi handle, whose connections no other
/// loop can use. So the transfers are spread evenly; among the loops with the fewest, one is preferred that has an idle
/// connection to the origin. Where an idle connection belongs to a busier loop, a new connection costs some round trips
/// once, whereas an uneven load would last: the next request would find the idle connection on the same loop again.
struct LoopBalance {
    private struct Load {
        /// The number of transfers.
        var active = 0
        /// The origins of the connections that should be idle, the longest idle first. The server may have closed them,
        /// in which case libcurl opens a new one.
        var idle: [HTTPURL.Origin] = []
    }

    /// As many as libcurl keeps idle (``MultiReference/maximumConnections``).
    private static let maximumIdle = MultiReference.maximumConnections

    /// One for each loop that was started; the first is there from the beginning.
    private var loads = [Load()]
    /// The most loops that there may be.
    private var limit: Int

    /// The number of loops.
    var count: Int { loads.count }

    /// - Parameter limit: the most loops that there may be, at least 1.
    init(limit: Int) { self.limit = limit }

    /// Returns the loop for a request, and counts its transfer there.
    ///
    /// If all loops have transfers and there may be one more, that is a new loop, whose index is what ``count`` was
    /// before. If it cannot be started, call ``withdrawLast()`` and then this again.
    mutating func place(_ origin: HTTPURL.Origin) -> Int {
        if loads.count < limit, !loads.contains(where: { $0.active == 0 }) { loads.append(Load()) }
        let fewest = loads.map(\.active).min()
        let candidates = loads.indices.filter { loads[$0].active == fewest }
        let choice = candidates.first { loads[$0].idle.contains(origin) } ?? candidates[0]
        loads[choice].active += 1
        // libcurl reuses the connection that was used most recently.
        if let index = loads[choice].idle.lastIndex(of: origin) { loads[choice].idle.remove(at: index) }
        return choice
    }

    /// The new loop that ``place(_:)`` returned cannot be started. From now on there are no more loops than there were.
    mutating func withdrawLast() {
        loads.removeLast()
        limit = loads.count
    }

    /// A transfer has ended.
    ///
    /// - Parameter keepsConnection: whether its response was complete, so that its connection can serve another request.
    mutating func end(_ origin: HTTPURL.Origin, on loop: Int, keepsConnection: Bool) {
        loads[loop].active -= 1
        guard keepsConnection else { return }
        loads[loop].idle.append(origin)
        if loads[loop].idle.count > Self.maximumIdle { loads[loop].idle.removeFirst() }
    }
}
