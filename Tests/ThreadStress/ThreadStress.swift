private import Glibc

/// Puts what several threads share to the test for so many seconds, from a seed on: `ThreadStress SECONDS [SEED]`.
///
/// It is meant to be built with `--sanitize=thread`, as ./test does; the ordinary tests play a few rounds, too.
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
            for violation in try PartialFileStress(seed: seed).play() { fail(seed, violation) }
            for violation in try await TransportStress(seed: seed).play() { fail(seed, violation) }
            seed += 1
        } while ContinuousClock.now < end
        print("\(seed - begun) rounds, seeds \(begun)..<\(seed): nothing is wrong")
    }

    private static func fail(_ seed: UInt64, _ violation: String) -> Never {
        print("VIOLATION seed \(seed): \(violation)")
        print("  again, though threads never take the same turns twice: ThreadStress 60 \(seed)")
        exit(1)
    }
}
