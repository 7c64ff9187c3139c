import Testing

@testable import Transfer

@Suite struct `The balance between the loops of a transport` {
    private let (a, b): (HTTPURL.Origin, HTTPURL.Origin)

    init() throws {
        a = try HTTPURL(parsing: "http://a.example/").origin
        b = try HTTPURL(parsing: "http://b.example/").origin
    }

    @Test func `simultaneous transfers are spread evenly, over as many loops as there may be`() {
        var balance = LoopBalance(limit: 3)
        #expect(balance.count == 1)
        #expect((0..<7).map { _ in balance.place(a) } == [0, 1, 2, 0, 1, 2, 0])
        #expect(balance.count == 3)
    }

    @Test func `requests one after another stay on one loop`() {
        var balance = LoopBalance(limit: 4)
        for _ in 0..<100 {
            let loop = balance.place(a)
            #expect(loop == 0)
            balance.end(a, on: loop, keepsConnection: true)
        }
        #expect(balance.count == 1)
    }

    @Test func `a request goes where a connection to its origin is idle`() {
        var balance = LoopBalance(limit: 2)
        #expect([balance.place(a), balance.place(b)] == [0, 1])
        balance.end(a, on: 0, keepsConnection: true)
        balance.end(b, on: 1, keepsConnection: true)
        #expect([balance.place(b), balance.place(a)] == [1, 0])
    }

    @Test func `an idle connection is counted once`() {
        var balance = LoopBalance(limit: 2)
        #expect([balance.place(a), balance.place(b)] == [0, 1])
        balance.end(b, on: 1, keepsConnection: true)
        balance.end(a, on: 0, keepsConnection: false)
        #expect(balance.place(b) == 1)
        balance.end(b, on: 1, keepsConnection: false)
        #expect(balance.place(b) == 0)
    }

    @Test func `a connection that was closed attracts no request`() {
        var balance = LoopBalance(limit: 2)
        #expect([balance.place(b), balance.place(a)] == [0, 1])
        balance.end(a, on: 1, keepsConnection: false)
        balance.end(b, on: 0, keepsConnection: true)
        #expect(balance.place(a) == 0)
    }

    @Test func `an even load is preferred to an idle connection`() {
        var balance = LoopBalance(limit: 2)
        #expect([balance.place(a), balance.place(a), balance.place(a)] == [0, 1, 0])
        balance.end(a, on: 0, keepsConnection: true)
        balance.end(a, on: 1, keepsConnection: false)
        #expect(balance.place(a) == 1)
    }

    /// As many workers as there are connections, each of which sends its next request when a response is complete.
    @Test(arguments: [1, 2, 3, 4], [1, 4, 7, 16]) func `a constant number of transfers needs as many connections`(
        loops: Int, workers: Int
    ) {
        var balance = LoopBalance(limit: loops)
        var current = (0..<workers).map { _ in balance.place(a) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let worker = Int.random(in: 0..<workers, using: &random)
            balance.end(a, on: current[worker], keepsConnection: true)
            let next = balance.place(a)
            // There, because a connection has just become idle there and no other loop has fewer transfers.
            #expect(next == current[worker])
            current[worker] = next
        }
    }

    @Test func `the longest idle connection is forgotten when libcurl keeps no more`() {
        var balance = LoopBalance(limit: 2)
        let kept = MultiReference.maximumConnections
        // Loop 1 has more connections than it keeps: the first to become idle is the one to `a`.
        let loops = [balance.place(b), balance.place(a)] + (0..<2 * kept).map { _ in balance.place(b) }
        balance.end(a, on: 1, keepsConnection: true)
        for loop in loops.dropFirst(2) { balance.end(b, on: loop, keepsConnection: loop == 1) }
        balance.end(b, on: 0, keepsConnection: false)
        #expect(balance.place(a) == 0)
    }

    @Test func `a loop that cannot be started is not asked for again`() {
        var balance = LoopBalance(limit: 4)
        #expect([balance.place(a), balance.place(a)] == [0, 1])
        #expect(balance.place(a) == 2)
        balance.withdrawLast()
        #expect((0..<4).map { _ in balance.place(a) } == [0, 1, 0, 1])
        #expect(balance.count == 2)
    }
}
