import Testing
import Transfer

@testable import ModelFetch

/// Draws the same number for ever.
private struct Constant: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }
}

/// A schedule with one attempt at a time for each source.
private struct Sequential {
    var schedule: SourceSchedule
    /// The attempt that is under way with each source.
    private var attempts: [Int: SourceSchedule.Attempt] = [:]

    init(_ schedule: SourceSchedule) { self.schedule = schedule }

    /// The number of attempts without progress; `nil` if the source is given up.
    mutating func failed(
        _ source: Int, _ error: TransferError, isWaiting: Bool = false, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        let attempt = attempts.removeValue(forKey: source) ?? schedule.begin(source)
        switch schedule.failed(attempt, error, isWaiting: isWaiting, now: now, using: &generator) {
        case .retry(let attempts, let isNew):
            #expect(isNew)
            return attempts
        case .giveUp: return nil
        }
    }

    mutating func received(_ source: Int, bytes: Int64, isEnd: Bool) {
        var attempt = attempts[source] ?? schedule.begin(source)
        schedule.received(&attempt, bytes: bytes, isEnd: isEnd)
        attempts[source] = attempt
    }

    mutating func progressed(_ source: Int) {
        var attempt = attempts[source] ?? schedule.begin(source)
        schedule.progressed(&attempt)
        attempts[source] = attempt
    }

    mutating func contradicted(_ sources: Set<Int>) { schedule.contradicted(sources) }
    var verdicts: [SourceVerdict?] { schedule.verdicts }
    var outcome: SourceOutcome { schedule.outcome }
}

@Suite struct `The schedule of sources` {
    /// Pauses are as long as they can be.
    private var longest = Constant(value: .max)

    private func schedule(
        _ ranks: [Int] = [0, 1], retries: Int = 2, delay: Duration = .seconds(1)
    ) -> Sequential {
        Sequential(SourceSchedule(ranks: ranks, policy: RetryPolicy(retries: retries, delay: delay)))
    }

    private func next(_ schedule: Sequential, at now: Int = 0, gates: [Int]? = nil) -> SourceSchedule.Step {
        schedule.schedule.next(
            now: .seconds(now), gates: gates?.map { .seconds($0) } ?? schedule.verdicts.map { _ in .zero })
    }

    @Test(arguments: [([0], 0), ([0, 0], 0), ([0, 1, 2], 0), ([2, 1, 0], 2), ([1, 0, 0], 1), ([5, 7], 0)])
    func `asks the best rank first, and of one rank the first`(ranks: [Int], first: Int) {
        #expect(next(schedule(ranks)) == .ask(source: first, after: .zero))
    }

    @Test func `gives up at once without a source`() {
        #expect(next(schedule([])) == .giveUp)
        #expect(schedule([]).outcome.kind == .unavailable)
    }

    @Test mutating func `turns to the next source while one is left alone`() {
        var schedule = schedule()
        let attempts = schedule.failed(0, TransferError(.short), now: .zero, using: &longest)
        #expect(attempts == 1)
        #expect(next(schedule) == .ask(source: 1, after: .zero))
        // When its pause is over it is the better one again.
        #expect(next(schedule, at: 1) == .ask(source: 0, after: .zero))
    }

    @Test mutating func `waits for whoever is ready first`() {
        var schedule = schedule()
        _ = schedule.failed(0, TransferError(.short), now: .zero, using: &longest)
        _ = schedule.failed(0, TransferError(.short), now: .zero, using: &longest)
        _ = schedule.failed(1, TransferError(.short), now: .zero, using: &longest)
        #expect(next(schedule) == .ask(source: 1, after: .seconds(1)))
        #expect(next(schedule, at: 2) == .ask(source: 0, after: .zero))
    }

    @Test mutating func `backs off exponentially, to half a minute`() {
        var schedule = schedule([0], retries: 20)
        var pauses: [Duration] = []
        for _ in 0..<8 {
            _ = schedule.failed(0, TransferError(.stalled), now: .zero, using: &longest)
            if case .ask(_, let pause) = next(schedule) { pauses.append(pause) }
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    }

    @Test func `draws its pauses from nothing up`() {
        var shortest = Constant(value: 0)
        var schedule = schedule([0])
        _ = schedule.failed(0, TransferError(.stalled), now: .zero, using: &shortest)
        #expect(next(schedule) == .ask(source: 0, after: .zero))
    }

    @Test(arguments: [0, 1, 2, 8])
    mutating func `asks once and then as often as retries say`(retries: Int) {
        var schedule = schedule([0, 1], retries: retries)
        for source in 0...1 {
            var attempts = 1
            while schedule.failed(source, TransferError(.short), now: .zero, using: &longest) != nil { attempts += 1 }
            #expect(attempts == retries + 1)
        }
        #expect(next(schedule) == .giveUp)
        #expect(schedule.outcome.kind == .unavailable)
    }

    @Test mutating func `forgives a source on its own progress, and no other one`() {
        var schedule = schedule([0, 1], retries: 2)
        for attempt in 1...2 {
            #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == attempt)
            #expect(schedule.failed(1, TransferError(.short), now: .zero, using: &longest) == 1)
            schedule.progressed(1)
            #expect(next(schedule) == .ask(source: 1, after: .zero))
            #expect(schedule.failed(1, TransferError(.short), now: .zero, using: &longest) == 1)
            schedule.progressed(1)
        }
        #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == nil)
    }

    // MARK: Several attempts at once

    @Test mutating func `counts attempts that fail together once`() {
        var schedule = schedule([0], retries: 1).schedule
        for round in 1...2 {
            let attempts = (0..<16).map { _ in schedule.begin(0) }
            for (index, attempt) in attempts.enumerated() {
                let consequence = schedule.failed(attempt, TransferError(.connectionLost), now: .zero, using: &longest)
                guard round == 1 else {
                    #expect(consequence == .giveUp)
                    continue
                }
                #expect(consequence == .retry(attempts: 1, isNew: index == 0))
            }
        }
        #expect(schedule.verdicts == [.spent(TransferError(.connectionLost))])
    }

    @Test mutating func `hears a final answer from an attempt that others have preceded`() {
        var schedule = schedule([0]).schedule
        let attempts = [schedule.begin(0), schedule.begin(0)]
        _ = schedule.failed(attempts[0], TransferError(.connectionLost), now: .zero, using: &longest)
        let denied = TransferError(.denied, status: 401)
        #expect(schedule.failed(attempts[1], denied, now: .zero, using: &longest) == .giveUp)
        #expect(schedule.verdicts == [.withheld(denied)])
    }

    @Test func `shares work among sources of one rank that have room`() {
        let schedule = schedule([0, 0, 1]).schedule
        func ask(_ loads: [(Int, Bool)]) -> SourceSchedule.Step {
            schedule.next(
                now: .zero, gates: [.zero, .zero, .zero], loads: loads.map { .init(connections: $0.0, hasRoom: $0.1) })
        }
        #expect(ask([(1, true), (0, true), (0, true)]) == .ask(source: 1, after: .zero))
        #expect(ask([(1, true), (2, true), (0, true)]) == .ask(source: 0, after: .zero))
        #expect(ask([(1, false), (2, true), (0, true)]) == .ask(source: 1, after: .zero))
        // The next rank is not asked only because the first one is busy.
        #expect(ask([(1, false), (2, false), (0, true)]) == .full)
    }

    @Test func `leaves a source that crawls to the next rank, unless there is no other`() {
        let schedule = schedule([0, 1]).schedule
        func ask(_ crawling: [Bool]) -> SourceSchedule.Step {
            schedule.next(now: .zero, gates: [.zero, .zero], loads: crawling.map { .init(isCrawling: $0) })
        }
        #expect(ask([false, false]) == .ask(source: 0, after: .zero))
        #expect(ask([true, false]) == .ask(source: 1, after: .zero))
        #expect(ask([true, true]) == .ask(source: 0, after: .zero))
    }

    @Test func `does not ask an accused source if there is another one`() {
        var schedule = schedule([0, 1]).schedule
        schedule.accuse(0)
        #expect(schedule.next(now: .zero, gates: [.zero, .zero]) == .ask(source: 1, after: .zero))
        schedule.exclude(1)
        #expect(schedule.next(now: .zero, gates: [.zero, .zero]) == .ask(source: 0, after: .zero))
        schedule.accuse(nil)
        #expect(schedule.verdicts == [nil, .contradicted])
    }

    @Test mutating func `does not count an attempt that brought something`() {
        var schedule = schedule([0], retries: 1)
        schedule.progressed(0)
        #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == 1)
        #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == 1)
        #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == nil)
    }

    @Test mutating func `does not bring back on progress what was final`() {
        var schedule = schedule()
        #expect(schedule.failed(0, TransferError(.notFound, status: 404), now: .zero, using: &longest) == nil)
        schedule.progressed(1)
        #expect(next(schedule) == .ask(source: 1, after: .zero))
        #expect(schedule.verdicts == [.withheld(TransferError(.notFound, status: 404)), nil])
    }

    @Test mutating func `keeps to a host's Retry-After, and asks others meanwhile`() {
        var schedule = schedule()
        let busy = TransferError(.serverBusy, status: 503, retryAfter: .seconds(10))
        _ = schedule.failed(0, busy, now: .zero, using: &longest)
        #expect(next(schedule, gates: [10, 0]) == .ask(source: 1, after: .zero))
        // Both on one host: nobody is asked before the moment it named; jitter comes on top for who was told.
        #expect(next(schedule, at: 2, gates: [10, 10]) == .ask(source: 1, after: .seconds(8)))
        #expect(next(schedule, at: 11, gates: [10, 10]) == .ask(source: 0, after: .zero))
    }

    @Test func `bears one wrong digest of a source, and asks others before it meanwhile`() {
        var schedule = schedule()
        schedule.contradicted([0])
        #expect(next(schedule) == .ask(source: 1, after: .zero))
        schedule.contradicted([1])
        #expect(next(schedule) == .ask(source: 0, after: .zero))
        schedule.contradicted([0])
        schedule.contradicted([1])
        #expect(next(schedule) == .giveUp)
        #expect(schedule.verdicts == [.contradicted, .contradicted])
        #expect(schedule.outcome.kind == .data)
    }

    @Test mutating func `lets each of several deliver alone once they were wrong together`() {
        var schedule = schedule()
        schedule.contradicted([0, 1])
        #expect(schedule.verdicts == [nil, nil])
        // Alone: the other one does not step in while it is left alone.
        _ = schedule.failed(0, TransferError(.short), now: .zero, using: &longest)
        #expect(next(schedule) == .ask(source: 0, after: .seconds(1)))
        schedule.contradicted([0])
        #expect(next(schedule) == .ask(source: 1, after: .zero))
        _ = schedule.failed(1, TransferError(.notFound), now: .zero, using: &longest)
        #expect(next(schedule, at: 9) == .ask(source: 0, after: .zero))
        schedule.contradicted([0])
        #expect(next(schedule) == .giveUp)
        #expect(schedule.outcome.kind == .data)
    }

    /// Otherwise two could go on being wrong together.
    @Test func `lets a source deliver alone, however slow it is, and whatever it is suspected of`() {
        var schedule = schedule([0, 0]).schedule
        schedule.contradicted([0, 1])
        schedule.accuse(0)
        let loads = [SourceSchedule.Load(connections: 3, isCrawling: true), SourceSchedule.Load()]
        #expect(schedule.next(now: .zero, gates: [.zero, .zero], loads: loads) == .ask(source: 0, after: .zero))
    }

    // MARK: Progress

    @Test(arguments: [(16 << 10, 1), (10 << 10, 2), (6 << 10, 3), (1 << 10, nil), (1, nil)] as [(Int64, Int?)])
    mutating func `adds up what attempts bring, and counts it when it is enough`(
        bytes: Int64, attempts: Int?
    ) {
        var schedule = schedule([0], retries: 3)
        var counts: [Int?] = []
        for _ in 0..<12 {
            schedule.received(0, bytes: bytes, isEnd: false)
            counts.append(schedule.failed(0, TransferError(.short), now: .zero, using: &longest))
            if counts.last == .some(nil) { break }
        }
        // Enough in so many attempts: the count begins anew. Too little: it ends as if nothing had come.
        if let attempts {
            let highest = counts.compactMap { $0 }.max() ?? 0
            #expect(counts.count == 12 && highest == max(attempts - 1, 1))
        } else {
            #expect(counts == [1, 2, 3, nil])
        }
    }

    @Test mutating func `counts the end of what was asked for, however little it is`() {
        var schedule = schedule([0], retries: 1)
        for _ in 0..<5 {
            schedule.received(0, bytes: 1, isEnd: true)
            #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == 1)
        }
    }

    @Test mutating func `waits longer after each attempt that brought little`() {
        var schedule = schedule([0], retries: 4)
        var pauses: [Duration] = []
        for _ in 0..<4 {
            schedule.received(0, bytes: 1, isEnd: false)
            _ = schedule.failed(0, TransferError(.short), now: .zero, using: &longest)
            if case .ask(_, let pause) = next(schedule) { pauses.append(pause) }
        }
        #expect(pauses == [1, 2, 4, 8].map { .seconds($0) })
    }

    @Test(arguments: [(403, TransferError.Code.denied), (404, .notFound)])
    mutating func `asks the only source again that denies a file of which it gave a part`(
        status: Int, code: TransferError.Code
    ) {
        let error = TransferError(code, status: status)
        var schedule = schedule([0], retries: 2)
        schedule.received(0, bytes: 100_000, isEnd: false)
        // The attempt under way brought something; the next two bring nothing.
        #expect(schedule.failed(0, error, now: .zero, using: &longest) == 1)
        #expect(next(schedule) == .ask(source: 0, after: .seconds(1)))
        #expect(schedule.failed(0, error, now: .zero, using: &longest) == 1)
        #expect(schedule.failed(0, error, now: .zero, using: &longest) == 2)
        #expect(schedule.failed(0, error, now: .zero, using: &longest) == nil)
        #expect(schedule.verdicts == [.withheld(error)])
    }

    @Test mutating func `asks every other source before one that denies what it gave a part of`() {
        var schedule = schedule([0, 1], retries: 2)
        schedule.received(0, bytes: 100_000, isEnd: false)
        _ = schedule.failed(0, TransferError(.notFound, status: 404), now: .zero, using: &longest)
        _ = schedule.failed(1, TransferError(.short), now: .zero, using: &longest)
        #expect(next(schedule, at: 9) == .ask(source: 1, after: .zero))
        _ = schedule.failed(1, TransferError(.wrongRange), now: .seconds(9), using: &longest)
        #expect(next(schedule, at: 9) == .ask(source: 0, after: .zero))
    }

    @Test(arguments: [(401, TransferError.Code.denied), (410, .notFound), (400, .clientError)])
    mutating func `takes other refusals for final whatever has come`(status: Int, code: TransferError.Code) {
        var schedule = schedule([0])
        schedule.received(0, bytes: 100_000, isEnd: false)
        #expect(schedule.failed(0, TransferError(code, status: status), now: .zero, using: &longest) == nil)
    }

    @Test mutating func `counts no attempt while it waits for the network, and then each`() {
        var schedule = schedule([0], retries: 0)
        for attempt in 1...100 {
            let error = TransferError(.nameNotResolved)
            #expect(schedule.failed(0, error, isWaiting: true, now: .zero, using: &longest) == attempt)
        }
        #expect(next(schedule) == .ask(source: 0, after: .seconds(30)))
        #expect(schedule.failed(0, TransferError(.short), now: .zero, using: &longest) == nil)
    }

    // MARK: The kind

    enum End: Sendable {
        case temporary, missing, unsafe, page, wrongDigest
    }

    @Test(arguments: [
        ([End.temporary], Failure.Kind.unavailable),
        ([.missing], .unavailable),
        ([.unsafe], .refused),
        ([.page], .refused),
        ([.wrongDigest], .data),
        ([.unsafe, .page], .refused),
        ([.temporary, .unsafe], .unavailable),
        ([.unsafe, .temporary], .unavailable),
        ([.wrongDigest, .temporary], .unavailable),
        ([.missing, .unsafe], .unavailable),
        ([.missing, .missing], .unavailable),
        ([.wrongDigest, .unsafe], .data),
        ([.missing, .wrongDigest], .data),
        ([.wrongDigest, .wrongDigest, .page], .data),
    ])
    mutating func `names the kind that its verdicts come to`(ends: [End], kind: Failure.Kind) {
        var schedule = schedule(ends.indices.map { $0 }, retries: 1)
        for (source, end) in ends.enumerated() {
            let error: TransferError? =
                switch end {
                case .temporary: TransferError(.connectionFailed)
                case .missing: TransferError(.notFound, status: 404)
                case .unsafe: TransferError(.certificate)
                case .page: TransferError(.page, status: 200)
                case .wrongDigest: nil
                }
            if let error {
                while schedule.failed(source, error, now: .zero, using: &longest) != nil {}
            } else {
                schedule.contradicted([source])
                schedule.contradicted([source])
            }
        }
        #expect(next(schedule) == .giveUp)
        #expect(schedule.outcome.kind == kind)
    }
}
