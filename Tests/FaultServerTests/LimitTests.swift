internal import FaultServer
internal import Testing

/// Faults that depend on what else the server is doing. Gates keep transfers in progress for as long as a test needs.
@Suite(.timeLimit(.minutes(10)))
struct LimitTests {
    private static let file = ServedFile.synthetic(size: 300_000, seed: 9)
    private static let files: Content = ["f": file, "g": file, "small": .bytes([1, 2, 3])]

    /// A client whose transfer of `/f` has begun.
    private static func transfer(_ port: Int, _ target: String = "/f") throws -> RawClient {
        let client = try RawClient(port: port)
        try client.get(target)
        try client.receive { RawReply($0) != nil }
        return client
    }

    @Test(
        arguments: [
            (.limit(transfers: 2), 429, nil), (.limit(transfers: 2, status: 503, retryAfter: .seconds(7)), 503, "7"),
        ] as [(Fault, Int, String?)])
    func `a request beyond the limit is refused until a transfer ends`(fault: Fault, status: Int, after: String?)
        async throws
    {
        try await FaultServer.run(files: Self.files, script: [.on(fault), .on(path: "f", .gate(after: 1000))]) {
            server in
            let port = server.port
            try await blocking {
                var clients = [try Self.transfer(port), try Self.transfer(port)]
                let refused = try Self.transfer(port, "/small")
                #expect(RawReply(refused.received)?.status == status)
                #expect(RawReply(refused.received)?.header("Retry-After") == after)
                // A refusal is no transfer, and its connection can be used again at once.
                for _ in 0..<20 {
                    clients.removeFirst()
                    let accepted = try Self.transfer(port)
                    #expect(RawReply(accepted.received)?.status == 200)
                    clients.append(accepted)
                }
                clients.removeFirst()
                _ = try refused.receiveMessage()
                try refused.get("/small")
                #expect(try refused.receiveMessage().status == 200)
                for _ in 0..<20 {
                    let one = try RawClient(port: port)
                    try one.get("/small")
                    #expect(try one.receiveMessage().body == [1, 2, 3])
                }
                withExtendedLifetime(clients) {}
            }
            let statistics = server.statistics
            #expect(statistics.refusals == 1 && statistics.peakTransfers == 2)
            #expect(statistics.requests == server.log.count && statistics.bodyBytesSent == server.bodyBytesSent)
        }
    }

    @Test func `a request beyond the limit may be reset`() async throws {
        let script: FaultScript = [.on(.limit(transfers: 1, reset: true)), .on(path: "f", .gate(after: 0))]
        try await FaultServer.run(files: Self.files, script: script) { server in
            let port = server.port
            try await blocking {
                let first = try Self.transfer(port)
                let second = try RawClient(port: port)
                try second.get("/small")
                #expect(try second.receive() == .reset && second.received.isEmpty)
                withExtendedLifetime(first) {}
            }
        }
    }

    @Test func `requests for heads, and responses without bytes of a file, are no transfers`() async throws {
        let script: FaultScript = [
            .on(.limit(transfers: 1)), .on(path: "f", .gate(after: 0)), .on(path: "g", .status(500)),
        ]
        try await FaultServer.run(files: Self.files, script: script) { server in
            let port = server.port
            try await blocking {
                let first = try Self.transfer(port)
                let second = try RawClient(port: port)
                try second.get("/small", method: "HEAD")
                #expect(try second.receiveMessage(isHead: true).status == 200)
                for (target, status) in [("/g", 500), ("/none", 404), ("/small", 429)] {
                    try second.get(target)
                    #expect(try second.receiveMessage().status == status)
                }
                withExtendedLifetime(first) {}
            }
            #expect(server.statistics.peakTransfers == 1)
        }
    }

    // 100 bytes a second: the whole file would take 50 minutes.
    @Test(arguments: [
        Fault.crawl(beyond: 1, bytesPerSecond: 100), .collapse(beyond: 1, bytesPerSecond: 100),
    ])
    func `a transfer is slow while there are others`(fault: Fault) async throws {
        try await FaultServer.run(files: Self.files, script: [.on(fault), .on(path: "f", .gate(after: 0))]) { server in
            let port = server.port
            try await blocking {
                // A connection that has no transfer does not count, however old it is.
                let idle = try RawClient(port: port)
                var first: RawClient? = try Self.transfer(port)
                let second = try Self.transfer(port, "/g")
                try second.receive { (RawReply($0)?.body.count ?? 0) > 5 }
                #expect(try #require(RawReply(second.received)).body.count < 10_000)
                withExtendedLifetime(first) {}
                first = nil
                #expect(try second.receiveMessage().body == Self.file.read(0..<Self.file.size))
                withExtendedLifetime(idle) {}
            }
        }
    }

    @Test(
        arguments: [
            (.crawl(beyond: 1, bytesPerSecond: 100), false), (.collapse(beyond: 1, bytesPerSecond: 100), true),
        ] as [(Fault, Bool)])
    func `the oldest connection crawls only if everything collapses`(fault: Fault, isSlow: Bool) async throws {
        try await FaultServer.run(files: Self.files, script: [.on(fault), .on(path: "f", .gate(after: 0))]) { server in
            let port = server.port
            try await blocking {
                let oldest = try RawClient(port: port)
                // Its number is given when the server accepts it.
                try oldest.get("/none")
                _ = try oldest.receiveMessage()
                let younger = try Self.transfer(port)
                try oldest.get("/g")
                try oldest.receive { (RawReply($0)?.body.count ?? 0) > (isSlow ? 5 : 299_999) }
                let count = try #require(RawReply(oldest.received)).body.count
                #expect((count < 10_000) == isSlow)
                withExtendedLifetime(younger) {}
            }
        }
    }

    @Test func `a silence happens as often as it says, where it says`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.silence(percent: 50, times: 2))) { server in
            #expect(try await reply(server, "/f", "Range: bytes=0-149999").body.count == 150_000)
            #expect(try await reply(server, "/f", "Range: bytes=150001-").body.count == 149_999)
            for (range, count) in [("100000-", 50_000), ("150000-150000", 0)] {
                let (bytes, end) = try await exchange(server, "/f", ["Range: bytes=\(range)"], patience: 100)
                #expect(end == .silence && RawReply(bytes)?.body.count == count)
            }
            #expect(try await reply(server, "/f").body == Self.file.read(0..<Self.file.size))
        }
    }

    @Test func `a server that dies has sent just so many bytes`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.die(after: 350_000))) { server in
            let port = server.port
            try await blocking {
                let open = try RawClient(port: port)
                try open.get("/small")
                _ = try open.receiveMessage()
                let first = try RawClient(port: port)
                try first.get("/f")
                #expect(try first.receiveMessage().body.count == 300_000)
                try first.get("/f")
                #expect(try first.receive() == .reset)
                #expect(RawReply(first.received)?.body.count == 49_997)
                #expect(throws: RawClient.Failed.self) { _ = try RawClient(port: port) }
                try open.get("/small")
                #expect(try open.receive() == .reset && open.received.isEmpty)
            }
            #expect(server.bodyBytesSent == 350_000)
        }
    }

    // Thirty responses of 1 kB at 100 kB/s take 0.3 s, less the first hundredth of a second. A lower bound alone: an upper
    // one would fail on a busy machine.
    @Test func `a connection has one rate for all of its responses`() async throws {
        let files: Content = ["f": .synthetic(size: 1000, seed: 1)]
        try await FaultServer.run(files: files, script: .always(.rate(100_000))) { server in
            let port = server.port
            let time = try await ContinuousClock().measure {
                try await blocking {
                    let client = try RawClient(port: port)
                    for _ in 0..<30 {
                        try client.get("/f")
                        #expect(try client.receiveMessage().body.count == 1000)
                    }
                }
            }
            #expect(time >= .milliseconds(280))
        }
    }

    // The time while it crawled is not made up for at the higher rate.
    @Test func `a connection that crawled goes on at its usual rate`() async throws {
        let faults: [Fault] = [.rate(100_000), .crawl(beyond: 1, bytesPerSecond: 1000)]
        let files: Content = ["f": Self.file, "g": .synthetic(size: 30_000, seed: 1)]
        let script = FaultScript([FaultRule(faults: faults), .on(path: "f", .gate(after: 0))])
        try await FaultServer.run(files: files, script: script) { server in
            let port = server.port
            try await blocking {
                var first: RawClient? = try Self.transfer(port)
                let second = try Self.transfer(port, "/g")
                try second.receive { (RawReply($0)?.body.count ?? 0) > 100 }
                withExtendedLifetime(first) {}
                first = nil
                let rest = 30_000 - (try #require(RawReply(second.received)).body.count)
                let clock = ContinuousClock()
                let start = clock.now
                #expect(try second.receiveMessage().body.count == 30_000)
                let time = clock.now - start
                #expect(time >= .microseconds(rest * 10 - 20_000))
            }
        }
    }

    @Test func `a rule may concern every third connection`() async throws {
        let rule = FaultRule.on(counting: .connection, every: 3, .resetBeforeHead)
        try await FaultServer.run(files: Self.files, script: [rule]) { server in
            var ends: [RawClient.End] = []
            for _ in 0..<7 { ends.append(try await exchange(server, "/small").end) }
            #expect(ends == [.fin, .fin, .reset, .fin, .fin, .reset, .fin])
        }
    }

    @Test func `the history has a number for each whole second since the first transfer`() {
        var history = TransferHistory()
        let second: Int64 = 1_000_000_000
        history.note(0, at: 0)
        for (tenths, count) in [(50, 1), (52, 2), (55, 5), (58, 3), (60, 4), (85, 2), (90, 2)] as [(Int64, Int)] {
            history.note(count, at: tenths * second / 10)
        }
        #expect(history.peak == 5)
        #expect(history.atEndOfSecond == [3, 4, 4, 2])
        #expect(history.mostInSecond == [5, 4, 4, 4])
    }
}
