/// A reader of text or bytes from outside, and what must hold of it whatever it is given.
///
/// The same targets run in the tests, where inputs are mutated from the corpus, and under libFuzzer, which looks for them by
/// the code that they reach. A trap or a promise that does not hold ends either.
enum FuzzTarget: String, CaseIterable, Sendable {
    case json, manifest, path
    case journal, records, partial, receipts
    case contentRange = "content-range"
    case retryAfter = "retry-after"
    case date, validator, head, location, words

    /// Runs one input.
    ///
    /// - Throws: ``Broken`` if a promise does not hold.
    func run(_ input: [UInt8]) throws {
        switch self {
        case .json: try Promises.ofJSON(input)
        case .manifest: try Promises.ofManifest(input)
        case .path: try Promises.ofPath(input)
        case .journal: try Promises.ofJournal(input)
        case .records: try Promises.ofRecords(input)
        case .partial: try Promises.ofPartial(input)
        case .receipts: try Promises.ofReceipts(input)
        case .contentRange: try Promises.ofContentRange(input)
        case .retryAfter: try Promises.ofRetryAfter(input)
        case .date: try Promises.ofDate(input)
        case .validator: try Promises.ofValidator(input)
        case .head: try Promises.ofHead(input)
        case .location: try Promises.ofLocation(input)
        case .words: try Promises.ofPrintable(input)
        }
    }
}

/// A promise that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

/// What must hold, a function a target.
enum Promises {
    static func hold(_ condition: Bool, _ promise: @autoclosure () -> String) throws(Broken) {
        guard condition else { throw Broken(description: promise()) }
    }

    static func text(_ input: [UInt8]) -> String { String(decoding: input, as: UTF8.self) }
}
