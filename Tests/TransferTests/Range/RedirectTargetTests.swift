import Testing

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `The target of a redirect` {
    private let target = RedirectTarget()

    private func location(_ text: String) throws -> ResolvedLocation {
        ResolvedLocation(try HTTPURL(parsing: text), isRedirected: true)
    }

    /// The address to ask; `nil` if the redirects are to be followed.
    private func address(_ turn: RedirectTarget.Turn) -> String? {
        if case .ask(let location, _) = turn { location.url.absoluteString } else { nil }
    }

    // MARK: With requests

    private static let part = "206|content-range: bytes 10-13/20"
    private static let to = "302|location: https://cdn/"

    /// The addresses that are asked when ranges of a file are opened one after the other, until one fails.
    private func asked(_ answers: ScriptedTransport.Answer..., opening count: Int) async throws -> [String] {
        let transport = ScriptedTransport(answers: answers)
        let fetcher = RangeFetcher(transport)
        for _ in 0..<count {
            var request = FetchRequest(url: try HTTPURL(parsing: "https://h/f"), range: 10..<14, total: 20)
            request.target = target
            _ = try? await fetcher.open(request)
        }
        return transport.requests.map { $0.url.absoluteString }
    }

    @Test func `is resolved once for all ranges`() async throws {
        let asked = try await asked(
            .init(Self.to + "a"), .init(Self.part), .init(Self.part), .init(Self.part), opening: 3)
        #expect(asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://cdn/a"])
    }

    @Test(arguments: ["401", "403", "302|location: https://elsewhere/x"])
    func `is resolved again, once, when it refuses`(refusal: String) async throws {
        let asked = try await asked(
            .init(Self.to + "a"), .init(Self.part), .init(refusal), .init(Self.to + "b"), .init(Self.part),
            .init(Self.part),
            opening: 3)
        #expect(
            asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://h/f", "https://cdn/b", "https://cdn/b"])
    }

    @Test func `that refuses anew is not asked a third time by the same request`() async throws {
        let asked = try await asked(
            .init(Self.to + "a"), .init(Self.part), .init("401"), .init(Self.to + "b"), .init("401"), opening: 2)
        #expect(asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://h/f", "https://cdn/b"])
    }

    /// Its host may be gone, while the source leads elsewhere by now.
    @Test(arguments: ["404", "500", "410"])
    func `that fails is resolved by the next request`(failure: String) async throws {
        let asked = try await asked(
            .init(Self.to + "a"), .init(Self.part), .init(failure), .init(Self.to + "b"), .init(Self.part), opening: 3)
        #expect(asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://h/f", "https://cdn/b"])
    }

    @Test(arguments: ["429", "503"])
    func `that has enough connections stays`(refusal: String) async throws {
        let asked = try await asked(
            .init(Self.to + "a"), .init(Self.part), .init(refusal), .init(Self.part), opening: 3)
        #expect(asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://cdn/a"])
    }

    @Test func `that cannot be reached is resolved by the next request`() async throws {
        // After the second request there are no answers any more, which is an error of the transport.
        let asked = try await asked(.init(Self.to + "a"), .init(Self.part), opening: 3)
        #expect(asked == ["https://h/f", "https://cdn/a", "https://cdn/a", "https://h/f"])
    }

    // MARK: Several requests at once

    @Test func `is waited for while one request resolves it`() async throws {
        guard case .resolve = await target.turn() else {
            Issue.record("the first request must resolve it")
            return
        }
        let location = try location("https://cdn/a")
        let asked = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<8 { group.addTask { address(await target.turn()) } }
            await Task.yield()
            target.resolved(location)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(asked == Array(repeating: "https://cdn/a", count: 8))
    }

    @Test func `is resolved again by one of those that it refused`() async throws {
        let (old, new) = (try location("https://cdn/a"), try location("https://cdn/b"))
        _ = await target.turn()
        target.resolved(old)
        let ends = await withTaskGroup(of: (address: String?, wasResolver: Bool).self) { group in
            for _ in 0..<8 {
                group.addTask {
                    // All of them were refused by the first location.
                    let turn = await target.turn(after: 1)
                    guard case .resolve = turn else { return (address(turn), false) }
                    await Task.yield()
                    target.resolved(new)
                    return (address(await target.turn(after: 1)), true)
                }
            }
            return await group.reduce(into: [(address: String?, wasResolver: Bool)]()) { $0.append($1) }
        }
        #expect(ends.count { $0.wasResolver } == 1)
        #expect(ends.map(\.address) == Array(repeating: "https://cdn/b", count: 8))
    }

    @Test func `is resolved by the next one if the first fails`() async throws {
        _ = await target.turn()
        async let second = target.turn()
        await Task.yield()
        target.failed()
        #expect(address(await second) == nil)
    }

    @Test func `is waited for on, when another one that waits is cancelled`() async throws {
        _ = await target.turn()
        let location = try location("https://cdn/a")
        let cancelled = Task { await target.turn() }
        let other = Task { await target.turn() }
        await Task.yield()
        cancelled.cancel()
        // It does not wait for the location.
        #expect(address(await cancelled.value) == nil)
        target.resolved(location)
        #expect(address(await other.value) == "https://cdn/a")
    }
}
