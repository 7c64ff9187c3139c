internal import Storage

/// What a wrong file under a final name may be, which decides what is done about it.
///
/// A file without content of its own is replaced. A file that is probably a damaged copy is replaced and kept. What may be a file of the
/// user's is not touched.
enum WrongFile: Hashable, Sendable {
    /// Its bytes have changed although its receipt is still valid: it was damaged, not edited.
    case rot
    /// It has no content of its own: it is empty, or an error page that was saved under the file's name.
    case stump
    /// It is small, or agrees with the source in nearly all samples. It is kept when it is replaced, unless it turns out to be a
    /// stump (``Likeness/isStump``).
    case damaged
    /// Not known yet. It can be compared with the right file once that is here.
    case unknown
    /// A different file.
    case foreign

    /// A wrong file of at least this many bytes may be a file of the user's. A smaller one is replaced and kept.
    static let precious: Int64 = 1 << 20
    /// How many samples, spread over the file, are compared with a source.
    static let samples = 64
    /// The size of a sample in bytes.
    static let sampleBytes: Int64 = 16 << 10

    /// What can be told without a source.
    ///
    /// - Parameters:
    ///   - size: the size of the wrong file.
    ///   - front: its first bytes, at least 256 if it has that many.
    ///   - isRot: whether it has a valid receipt all the same.
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

    /// The ranges to compare: one in each of ``samples`` equal parts of the common length, including the first and the last bytes. They
    /// are in random order, so that a different file is recognised after a few.
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

    /// The judgement by samples: of a damaged copy at most a tenth of them are wrong.
    ///
    /// - Returns: `nil` while more samples are needed.
    static func judgement(wrong: Int, compared: Int, of samples: Int) -> WrongFile? {
        if !Likeness.isDamage(differing: wrong, of: samples) { return .foreign }
        return compared < samples ? nil : .damaged
    }

    /// Whether a file begins like a page that a browser or script may have saved in place of the file: the login page of a network, or
    /// the error of a blob store.
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
