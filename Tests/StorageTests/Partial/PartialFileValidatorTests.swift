import Foundation
import Testing

@testable import Storage

/// What a partial file makes of validators (ETag, Last-Modified) that change, and change back.
@Suite(.timeLimit(.minutes(10))) struct `A partial file and its sources' validators` {
    private let size = 2_000_000

    @Test func `knows the validator that each origin gave`() throws {
        let shop = try Workshop(size: size)
        try shop.prepare([0..<100], origin: "https://a.example", validator: "etag:\"1\"")
        try shop.prepare([100..<200], origin: "https://b.example", validator: "")
        let partial = try shop.open()
        #expect(partial.validator(of: SourceID(url: "https://a.example")) == "etag:\"1\"")
        #expect(partial.validator(of: SourceID(url: "https://b.example")) == nil)
        #expect(partial.validator(of: SourceID(url: "https://c.example")) == nil)
        // The same source has the same number in every run.
        let number = try partial.source(origin: "https://a.example", validator: "etag:\"1\"").source
        #expect(try shop.open().source(origin: "https://a.example", validator: "etag:\"1\"").source == number)
        _ = try partial.source(origin: "https://a.example", validator: "etag:\"2\"")
        #expect(partial.validator(of: SourceID(url: "https://a.example")) == "etag:\"2\"")
    }

    @Test(arguments: [false, true])
    func `gives the validator that a source gave last, not the one that was new last`(reopens: Bool) throws {
        let shop = try Workshop(size: size)
        for (index, validator) in ["etag:A", "etag:B", "etag:A"].enumerated() {
            try shop.prepare([index * 100..<index * 100 + 100], origin: "a", validator: validator)
        }
        var partial = try shop.open()
        if !reopens { _ = try partial.source(origin: "a", validator: "etag:A") }
        #expect(partial.validator(of: SourceID(url: "a")) == "etag:A")
        #expect(partial.hasChanged(SourceID(url: "a")))
        partial = try shop.open()
        #expect(partial.validator(of: SourceID(url: "a")) == "etag:A")
    }

    @Test func `tells sources apart whose shown forms are the same, and writes down no secret`() throws {
        let shop = try Workshop(size: size)
        let long = "https://store.example/" + String(repeating: "x", count: 400)
        try shop.prepare([0..<100], origin: long + "?sv=1&sig=SECRET", validator: "etag:1")
        try shop.prepare([100..<200], origin: long + "?sv=2&sig=SECRET", validator: "etag:2")
        let partial = try shop.open()
        #expect(partial.validator(of: SourceID(url: long + "?sv=1&sig=SECRET")) == "etag:1")
        #expect(partial.validator(of: SourceID(url: long + "?sv=2&sig=SECRET")) == "etag:2")
        #expect(!partial.hasChanged(SourceID(url: long + "?sv=1&sig=SECRET")))
        let journal = String(decoding: try #require(shop.scratch.read(shop.names.journal)), as: UTF8.self)
        #expect(!journal.contains("SECRET") && !journal.contains("store.example"))
    }

    @Test(arguments: [false, true])
    func `suspects what came under another validator`(reopens: Bool) throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([0..<300], origin: "a", validator: "etag:1")
        try shop.prepare([300..<600], origin: "b", validator: "etag:1")
        var partial = try shop.open()
        if !reopens { try partial.checkAll() }
        let source = try partial.source(origin: "a", validator: "etag:2")
        try partial.write(shop.bytes[600...], at: 600, from: source)
        try partial.flush()
        if reopens { partial = try shop.open() }
        #expect(partial.missing == [])
        try partial.checkAll()
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(try partial.discardDoubtful() == .suspect)
        #expect(partial.missing == [0..<300])
    }

    @Test(arguments: [false, true])
    func `suspects what came in between when a source's file is what it was again`(reopens: Bool) throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([0..<300], origin: "a", validator: "etag:1")
        try shop.prepare([300..<600], origin: "a", validator: "etag:2")
        var partial = try shop.open()
        if reopens {
            // The journal says that the first bytes are suspect.
            _ = try partial.source(origin: "a", validator: "etag:2")
            partial = try shop.open()
        }
        let source = try partial.source(origin: "a", validator: "etag:1")
        try partial.write(shop.bytes[600...], at: 600, from: source)
        try partial.checkAll()
        #expect(try partial.discardDoubtful() == .suspect)
        #expect(partial.missing == [300..<600])
    }

    @Test func `still suspects earlier bytes when a source stops sending validators`() throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([0..<300], origin: "a", validator: "")
        try shop.prepare([300..<600], origin: "a", validator: "etag:2")
        let partial = try shop.open()
        let source = try partial.source(origin: "a", validator: "")
        try partial.write(shop.bytes[600...], at: 600, from: source)
        try partial.checkAll()
        #expect(try partial.discardDoubtful() == .suspect)
        #expect(partial.missing == [0..<600])
    }

    @Test func `no longer suspects what was fetched again`() throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([0..<500], origin: "a", validator: "etag:1")
        let partial = try shop.open()
        _ = try partial.source(origin: "a", validator: "etag:2")
        // The claim goes as a whole, and the suspicion with it.
        try partial.void(0..<100)
        #expect(partial.missing == [0..<1000])
        try shop.fill(partial)
        #expect(try partial.discardDoubtful() == nil)
    }

    @Test func `outlives a source whose validator never stays the same`() throws {
        let shop = try Workshop(size: 100_000)
        let partial = try shop.open()
        for index in 0..<300 {
            let source = try partial.source(origin: "o", validator: "etag:\(index)")
            try partial.write(shop.bytes[index..<index + 1], at: index, from: source)
        }
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }
}
