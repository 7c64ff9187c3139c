private import Glibc

/// Tests objects that threads share, for a number of seconds and beginning with a seed: `ThreadStress SECONDS [SEED]`.
///
/// It is meant to be built with `--sanitize=thread`, as ./test does. The ordinary tests run a few rounds as well.
@main struct ThreadStress {
    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().map { UInt64($0) }
        guard (1...2).contains(numbers.count), let seconds = numbers[0], let first = numbers.last ?? 0 else {
            print("usage: ThreadStress SECONDS [SEED]")
            exit(64)
        }
        var seed = numbers.count == 2 ? first : 0
        let end = ContinuousClock.now + .seconds(Int(min(seconds, 86_400)))
        let begun = seed
        repeat {
            for violation in try await PartialFileStress(seed: seed).play() { fail(seed, violation) }
            for violation in try await TransportStress(seed: seed).play() { fail(seed, violation) }
            for violation in try await EngineStress(seed: seed).play().violations { fail(seed, violation) }
            seed += 1
        } while ContinuousClock.now < end
        print("\(seed - begun) rounds, seeds \(begun)..<\(seed): no violations")
    }

    private static func fail(_ seed: UInt64, _ violation: String) -> Never {
        print("VIOLATION seed \(seed): \(violation)")
        print("  to try again (threads are scheduled differently each time): ThreadStress 60 \(seed)")
        exit(1)
    }
}
