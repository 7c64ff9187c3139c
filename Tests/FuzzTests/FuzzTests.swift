import Foundation
import Testing

/// Some thousands of inputs for each target, the same every time. `$MODELFETCH_FUZZ_SEED` is the seed of the first, and
/// `$MODELFETCH_FUZZ_RUNS` how many there are. A failure says how to run its input alone.
@Suite(.serialized) struct `Whatever comes from outside` {
    private static let environment = ProcessInfo.processInfo.environment
    private static let firstSeed = environment["MODELFETCH_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
    private static let runs = environment["MODELFETCH_FUZZ_RUNS"].flatMap { UInt64($0) } ?? 2000

    @Test(.timeLimit(.minutes(10)), arguments: FuzzTarget.allCases)
    func `ends in an answer or an error, and what it promises holds`(target: FuzzTarget) throws {
        let corpus = try Corpus(of: target)
        try #require(!corpus.inputs.isEmpty)
        for (name, bytes) in corpus.inputs { run(target, bytes, "the kept input \(name)") }
        for seed in Self.firstSeed..<Self.firstSeed + Self.runs {
            var mutator = Mutator(seed: seed, corpus: corpus.inputs.map(\.bytes), words: corpus.words)
            guard run(target, mutator.input(), "seed \(seed)") else { return }
        }
    }

    @discardableResult
    private func run(_ target: FuzzTarget, _ input: [UInt8], _ origin: String) -> Bool {
        let again =
            origin.hasPrefix("seed")
            ? "MODELFETCH_FUZZ_SEED=\(origin.dropFirst(5)) MODELFETCH_FUZZ_RUNS=1 ./test --filter FuzzTests" : ""
        let told = "\(target.rawValue), \(origin): \(again)"
        // Without the input, which the seed or the file gives again: to write it down each time took longer than to read it.
        CrashNote.set("fuzzing \(told)")
        defer { CrashNote.clear() }
        do {
            try target.run(input)
            return true
        } catch {
            Issue.record("\(error)\n\(told)\n\(Self.hex(input))")
            return false
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
