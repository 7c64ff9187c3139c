internal import Storage

/// A file under a final name that is not the right one: what it may be, and so what may be done about it.
///
/// What is nobody's work is replaced; what is probably damage is replaced and kept; what may be somebody's own is left alone.
enum WrongFile: Hashable, Sendable {
    /// The bytes changed under a receipt that still fits everything else: nobody edited it.
    case rot
    /// It holds nothing of its own: it is empty, or an error page that was saved as the file.
    case stump
    /// It is small, or agrees with the source in nearly all samples. Kept when it is replaced, unless it turns out to be a stump
    /// (``Likeness/isStump``).
    case damaged
    /// Nothing told yet. Only the right file, once it is here, can be compared with it.
    case unknown
    /// A file of its own.
    case foreign

    /// A wrong file of at least so many bytes may be somebody's work; a smaller one is kept and replaced.
    static let precious: Int64 = 1 << 20
    /// How many samples of a file are compared with a source, spread over it.
    static let samples = 64
    /// How many bytes a sample has.
    static let sampleBytes: Int64 = 16 << 10

    /// What can be told without asking anybody.
    ///
    /// - Parameters:
    ///   - size: the wrong file's.
    ///   - front: its first bytes, at least 256 if it has as many.
    ///   - isRot: whether a receipt fits everything but the bytes.
    ///   - name: the file's name in the manifest.
    init(size: Int64, front: [UInt8], isRot: Bool, name: String) {
        if isRot {
            self = .rot
        } else if size == 0 || size < Self.precious && Self.isPage(front, name) {
            self = .stump
        } else {
            self = size < Self.precious ? .damaged : .unknown
        }
    }

    /// The ranges to compare, in a random order, so that a file of its own is told after a few: one in each of ``samples`` equal
    /// parts of the common length, the first and the last bytes among them.
    static func sampleRanges(
        of length: Int64, using generator: inout some RandomNumberGenerator
    ) -> [Range<Int64>] {
        let count = min(sampleBytes, length)
        let part = length / Int64(samples)
        guard part >= count, count > 0 else { return length > 0 ? [0..<length] : [] }
        let ranges = (0..<Int64(samples)).map { index in
            let room = part - count
            let start: Int64 =
                switch index {
                case 0: 0
                case Int64(samples) - 1: length - count
                default: index * part + (room > 0 ? Int64(generator.next(upperBound: UInt64(room) + 1)) : 0)
                }
            return start..<start + count
        }
        return ranges.shuffled(using: &generator)
    }

    /// What samples tell: a damaged copy has at most a tenth of them wrong.
    ///
    /// - Returns: `nil` while more samples are needed.
    static func judgement(wrong: Int, compared: Int, of samples: Int) -> WrongFile? {
        if !Likeness.isDamage(differing: wrong, of: samples) { return .foreign }
        return compared < samples ? nil : .damaged
    }

    /// What somebody's browser or script saves where a file should be: the page of a portal, the error of a blob store.
    static func isPage(_ front: [UInt8], _ name: String) -> Bool {
        let lowered = name.lowercased()
        guard ![".html", ".htm", ".xhtml", ".xml", ".svg"].contains(where: { lowered.hasSuffix($0) }) else {
            return false
        }
        let text = String(decoding: front.prefix(256), as: UTF8.self)
            .drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return true }
        // Azure's and S3's.
        return text.hasPrefix("<?xml") && text.contains("<error>") || text.hasPrefix("<error>")
    }
}
