internal import FaultServer
internal import Glibc
internal import Testing

/// Faults that take time, or space, or the whole connection.
@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    private static let big = ServedFile.synthetic(size: 500 << 20, seed: 5)
    private static let files: Content = ["big": big, "small": .bytes([1, 2, 3])]

    @Test(arguments: [(.drop(after: 300_001), .fin), (.reset(after: 300_001), .reset)] as [(Fault, RawClient.End)])
    func `a body that is cut has the same length for both sides`(fault: Fault, end: RawClient.End) async throws {
        try await FaultServer.run(files: Self.files, script: .always(fault)) { server in
            let reply = try await reply(server, "/big")
            #expect(reply.end == end)
            #expect(reply.body == Self.big.read(0..<300_001))
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.bodyBytesSent == 300_001)
            #expect(record.ending == (end == .fin ? .dropped : .reset))
        }
    }

    @Test func `a stalled response ends when the client closes the connection`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.stall(after: 1000))) { server in
            let port = server.port
            try await blocking {
                let client = try RawClient(port: port)
                try client.get("/big")
                try client.receive { $0.count > 1000 && RawReply($0)?.body.count == 1000 }
                #expect(try client.receive(patience: 50) == .silence)
            }
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.stalled && record.ending == .clientClosed && record.bodyBytesSent == 1000)
        }
    }

    @Test func `an open gate lets present and later responses continue`() async throws {
        let file = ServedFile.synthetic(size: 300_000, seed: 6)
        try await FaultServer.run(files: ["big": file], script: .always(.gate(after: 1000))) { server in
            let port = server.port
            try await blocking {
                let client = try RawClient(port: port)
                try client.get("/big")
                try client.receive { RawReply($0)?.body.count == 1000 }
                #expect(try client.receive(patience: 50) == .silence)
                server.openGates()
                #expect(try client.receiveMessage().body == file.read(0..<file.size))
                try client.get("/big")
                #expect(try client.receiveMessage().body == file.read(0..<file.size))
            }
        }
    }

    @Test(arguments: [
        ("", 1000), ("bytes=400-4999", 600), ("bytes=1000-4999", 0), ("bytes=2000-4999", 0), ("bytes=0-999", 1000),
    ])
    func `a hold keeps every response from going beyond an offset of the file`(range: String, count: Int) async throws {
        let file = ServedFile.synthetic(size: 5000, seed: 6)
        try await FaultServer.run(files: ["f": file], script: .always(.hold(at: 1000))) { server in
            let port = server.port
            try await blocking {
                for _ in 1...2 {
                    let client = try RawClient(port: port)
                    if range.isEmpty { try client.get("/f") } else { try client.get("/f", "Range: \(range)") }
                    try client.receive { RawReply($0)?.body.count == count }
                    #expect(try client.receive(patience: 50) == .silence)
                }
                server.openGates()
                let client = try RawClient(port: port)
                try client.get("/f")
                #expect(try client.receiveMessage().body == file.read(0..<5000))
            }
        }
    }

    @Test func `a closed gate does not keep the server from stopping`() async throws {
        let server = try await FaultServer.start(files: Self.files, script: .always(.gate(after: 0)))
        let port = server.port
        async let end = blocking {
            let client = try RawClient(port: port)
            try client.get("/big")
            return try client.receive()
        }
        try await server.wait { $0.first?.stalled == true }
        await server.stop()
        #expect(try await end != .silence)
        #expect(server.log.first?.ending == .serverStopped)
    }

    @Test func `a stalled response ends when the server stops`() async throws {
        let server = try await FaultServer.start(files: Self.files, script: .always(.stallBeforeHead))
        let port = server.port
        async let end = blocking {
            let client = try RawClient(port: port)
            try client.get("/big")
            return try client.receive()
        }
        try await server.wait { $0.first?.stalled == true }
        await server.stop()
        #expect(try await end != .silence)
        #expect(server.log.first?.ending == .serverStopped)
        await #expect(throws: RawClient.Failed.self) { try await blocking { _ = try RawClient(port: port) } }
    }

    @Test func `the server buffers little for a client that does not read`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let port = server.port
            let idle = try await blocking {
                let client = try RawClient(port: port)
                try client.get("/big")
                return ClientBox(client)
            }
            // The kernel's buffers fill; the server has to go on serving others meanwhile.
            try await server.wait { ($0.first?.bodyBytesSent ?? 0) > 0 }
            for _ in 0..<20 { #expect(try await reply(server, "/small").body == [1, 2, 3]) }
            #expect(try #require(server.log.first).bodyBytesSent < 64 << 20)
            #expect(server.log.first?.ending == .open)
            idle.drop()
            #expect(try await server.waitForEnd(ofRequests: 21)[0].ending == .clientClosed)
        }
    }

    @Test(arguments: [false, true])
    func `the record of a client that disconnects has the bytes that it received`(byReset: Bool) async throws {
        try await FaultServer.run(files: Self.files) { server in
            let port = server.port
            let received = try await blocking {
                let client = try RawClient(port: port)
                if byReset { client.resetOnClose() }
                try client.get("/big")
                try client.receive { $0.count >= 1 << 20 }
                return try #require(RawReply(client.received)).body.count
            }
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.ending == .clientClosed)
            #expect(record.bodyBytesSent > received - 32 << 10 && record.bodyBytesSent < Self.big.size)
        }
    }

    @Test(arguments: [Fault.endlessBody, .endlessHeaders])
    func `an endless response ends when the client closes the connection`(fault: Fault) async throws {
        try await FaultServer.run(files: Self.files, script: .always(fault)) { server in
            let (bytes, end) = try await exchange(server, "/small", upTo: 3 << 20)
            #expect(end == .enough)
            let isHead = fault == .endlessHeaders
            #expect((RawReply(bytes) == nil) == isHead)
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.ending == .clientClosed)
            #expect((record.bodyBytesSent > 0) != isHead)
        }
    }

    // Two replies of 60 kB at 300 kB/s: 0.2 s side by side, 0.4 s out of one purse. Lower bounds alone, less the arrears
    // that are made up for: an upper one would fail on a busy machine.
    @Test(arguments: [(false, Duration.milliseconds(140)), (true, .milliseconds(340))])
    func `a rate is kept for each connection or for all together`(shared: Bool, atLeast: Duration) async throws {
        let files: Content = ["f": .synthetic(size: 60_000, seed: 1)]
        try await FaultServer.run(files: files, script: .always(.rate(300_000, shared: shared))) { server in
            let time = try await ContinuousClock().measure {
                async let one = reply(server, "/f")
                async let two = reply(server, "/f")
                let counts = [try await one.body.count, try await two.body.count]
                #expect(counts == [60_000, 60_000])
            }
            #expect(time >= atLeast)
        }
    }

    @Test func `the record has the congestion control of the connection`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.congestion(algorithm: "reno"))) { server in
            let known = try await reply(server, "/small")
            #expect(server.log.first?.congestionControl == "reno")
            server.replace(script: .always(.congestion(algorithm: "no such thing")))
            let unknown = try await reply(server, "/small")
            #expect(server.log.last?.congestionControl != "no such thing")
            #expect(known.body == [1, 2, 3] && unknown.body == [1, 2, 3])
        }
    }

    @Test func `a server that stops listening refuses connections and can listen again on its port`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let port = server.port
            let kept = try await blocking { ClientBox(try RawClient(port: port)) }
            _ = try await reply(server, "/small")
            await server.stopListening()
            await #expect(throws: RawClient.Failed.self) { try await blocking { _ = try RawClient(port: port) } }
            // Connections that were accepted before live on.
            #expect(try await blocking { try kept.get("/small") } == 200)
            try await server.listenAgain()
            #expect(server.port == port)
            #expect(try await reply(server, "/small").status == 200)
        }
    }

    @Test func `a response can make the server refuse connections`() async throws {
        let script: FaultScript = [.on(request: 0, .refuseConnections(milliseconds: 60_000))]
        try await FaultServer.run(files: Self.files, script: script, eventLoopThreads: 2) { server in
            #expect(try await exchange(server, "/small").bytes.isEmpty)
            let port = server.port
            await #expect(throws: RawClient.Failed.self) { try await blocking { _ = try RawClient(port: port) } }
            try await server.listenAgain()
            #expect(try await reply(server, "/small").status == 200)
        }
    }

    @Test func `connections are refused for the given time only`() async throws {
        let script: FaultScript = [.on(request: 0, .refuseConnections(milliseconds: 5))]
        try await FaultServer.run(files: Self.files, script: script) { server in
            #expect(try await exchange(server, "/small").bytes.isEmpty)
            let port = server.port
            try await blocking {
                while true {
                    do {
                        _ = try RawClient(port: port)
                        return
                    } catch let failure as RawClient.Failed where failure.errno == ECONNREFUSED { continue }
                }
            }
            #expect(try await reply(server, "/small").status == 200)
        }
    }

    @Test func `a wait for the log times out`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            await #expect(throws: FaultServer.TimedOut.self) {
                try await server.waitForRequests(count: 1, within: .milliseconds(1))
            }
        }
    }
}

/// Lends one client to one thread at a time.
private final class ClientBox: @unchecked Sendable {
    // The tests that use it never do so from two threads at once.
    private var client: RawClient?

    init(_ client: RawClient) { self.client = client }

    func drop() { client = nil }

    func get(_ target: String) throws -> Int {
        let client = try #require(client)
        try client.get(target)
        return try client.receiveMessage().status
    }
}
