import Testing

@testable import Storage

@Suite struct `The versions of a journal` {
    private let first = SourceVersion("a", "etag:1")
    private let second = SourceVersion("a", "etag:2")
    private let other = SourceVersion("b", "etag:1")
    private let untagged = SourceVersion("a", "")

    private func versions(_ assigned: [SourceVersion]) -> SourceVersions {
        var versions = SourceVersions(JournalContents())
        for (index, version) in assigned.enumerated() { versions.assign(UInt16(index + 1), to: version) }
        return versions
    }

    @Test func `get the next number unless they are known and their source's last`() {
        let none = versions([])
        #expect(none.numbering(of: first) == .new(1))
        let two = versions([first, other])
        #expect(two.numbering(of: first) == .known(1))
        #expect(two.numbering(of: other) == .known(2))
        #expect(two.numbering(of: second) == .new(3))
        // A version that comes back keeps its number, but is recorded again, as the last one of its source.
        var changed = versions([first, second])
        #expect(changed.numbering(of: first) == .new(1))
        changed.assign(1, to: first)
        #expect(changed.numbering(of: first) == .known(1))
        #expect(changed.numbering(of: second) == .new(2))
    }

    @Test func `of single responses never share a number`() {
        var response = untagged
        response.isOneAnswer = true
        #expect(versions([response]).numbering(of: response) == .new(2))
    }

    @Test func `run out of numbers`() {
        var versions = versions([])
        versions.assign(.max, to: first)
        #expect(versions.numbering(of: second) == .exhausted)
        #expect(versions.numbering(of: first) == .known(.max))
    }

    @Test func `make the bytes of an earlier validator suspect`() {
        let changed = versions([first, second, other])
        #expect(changed.isSuspect(1, isFresh: true) && !changed.isSuspect(2, isFresh: false))
        #expect(!changed.isSuspect(3, isFresh: false))
        #expect(changed.hasChanged(first.source) && !changed.hasChanged(other.source))
        #expect(changed.validator(of: first.source) == "etag:2")
    }

    @Test func `without a validator after one with a validator excuse only fresh bytes`() {
        let lost = versions([first, untagged])
        #expect(lost.isSuspect(2, isFresh: false) && !lost.isSuspect(2, isFresh: true))
        #expect(lost.validator(of: first.source) == nil)
    }

    @Test func `that are not known are not suspect`() {
        #expect(!versions([first]).isSuspect(JournalContents.foundHere, isFresh: false))
        #expect(!versions([first]).isSuspect(9, isFresh: false))
    }
}
