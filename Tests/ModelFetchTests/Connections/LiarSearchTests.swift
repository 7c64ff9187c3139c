import Storage
import Testing

@testable import ModelFetch

@Suite struct `The search for a liar` {
    private let a = SourceID(url: "a")
    private let b = SourceID(url: "b")
    private let c = SourceID(url: "c")

    @Test func `accuses first whoever was caught before, then whoever brought the least`() {
        var search = LiarSearch()
        #expect(search.accuse([a: 10, b: 5, c: 20], caught: [c: 1]) == c)
        #expect(search.accuse([a: 20, b: 15], caught: [c: 1]) == b)
        #expect(search.accused == b)
    }

    @Test func `accuses each source once, then begins anew`() {
        var search = LiarSearch()
        let first = search.accuse([a: 10, b: 5], caught: [:])
        #expect(first == b)
        // The bytes of the accused came from the others; it may have been asked again for some.
        #expect(search.accuse([a: 10, b: 5], caught: [:]) == a)
        #expect(search.accuse([a: 10, b: 5], caught: [:]) == nil)
        #expect(search.accused == nil)
        #expect(search.accuse([a: 10, b: 5], caught: [:]) == b)
    }

    /// The wrong one was accused first, and the liar brought everything.
    @Test func `accuses the one whose bytes took the place of all others'`() {
        var search = LiarSearch()
        #expect(search.accuse([a: 10, b: 5], caught: [:]) == b)
        #expect(search.accuse([a: 15], caught: [:]) == a)
        #expect(search.accused == a)
        #expect(search.accuse([b: 15], caught: [:]) == nil, "both are wrong")
    }

    @Test(arguments: [[:], ["a": 5]] as [[String: Int64]])
    func `accuses nobody where there is nobody else`(bytes: [String: Int64]) {
        var search = LiarSearch()
        #expect(search.accuse(Dictionary(bytes.map { (SourceID(url: $0), $1) }) { $1 }, caught: [:]) == nil)
    }

    /// With one liar among any number of sources it is found in as many steps as there are sources, at most.
    @Test(arguments: 2...6, 0..<6)
    func `finds the only liar`(count: Int, liar: Int) throws {
        let sources = (0..<count).map { SourceID(url: "\($0)") }
        let liar = sources[liar % count]
        var bytes = Dictionary(uniqueKeysWithValues: sources.enumerated().map { ($1, Int64($0 + 1)) })
        var search = LiarSearch()
        var steps = 0
        while bytes[liar] ?? 0 > 0 {
            steps += 1
            let next = search.accuse(bytes, caught: [:])
            let accused = try #require(next)
            // An honest source brings what the accused had brought.
            let honest = sources.first { $0 != accused && $0 != liar } ?? sources.first { $0 != accused }!
            bytes[honest, default: 0] += bytes.removeValue(forKey: accused) ?? 0
        }
        #expect(search.accused == liar && steps <= count)
    }
}
