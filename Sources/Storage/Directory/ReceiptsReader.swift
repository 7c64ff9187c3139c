internal import Hashing

/// Reads receipts from JSON in one pass, without building a tree of values.
///
/// The file may be hostile: nesting is limited, and a file that is not JSON, or does not have the expected structure, is ignored
/// as a whole.
struct ReceiptsReader {
    /// How deeply values of unknown keys may be nested.
    private static let maximumDepth = 64

    private let bytes: [UInt8]
    private var position = 0

    private struct Malformed: Error {}

    /// - Returns: `nil` for anything that is not a file of receipts. A receipt without a valid digest is skipped.
    static func read(_ bytes: [UInt8]) -> Receipts? {
        var reader = ReceiptsReader(bytes: bytes)
        return try? reader.document()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Receipts

    private mutating func document() throws(Malformed) -> Receipts {
        var receipts = Receipts()
        var (format, hasFiles): (String?, Bool) = (nil, false)
        try members { (reader, key) throws(Malformed) in
            switch key {
            case "format": format = try reader.string()
            case "model": receipts.model = try reader.isNull() ? nil : reader.string()
            case "files":
                hasFiles = true
                try reader.members { (reader, path) throws(Malformed) in
                    if let receipt = try reader.receipt() { receipts.files[path] = receipt }
                }
            default: try reader.skip(depth: 1)
            }
        }
        skipSpace()
        guard position == bytes.count, format == Receipts.format, hasFiles else { throw Malformed() }
        return receipts
    }

    private mutating func receipt() throws(Malformed) -> Receipts.Receipt? {
        var (sha256, bootID): (String?, String?) = (nil, nil)
        var pinned: Bool?
        var (size, modified, changed): (Int64?, Int64?, Int64?) = (nil, nil, nil)
        var inode: UInt64?
        try members { (reader, key) throws(Malformed) in
            switch key {
            case "sha256": sha256 = try reader.string()
            case "pinned": pinned = try reader.bool()
            case "size": size = try reader.integer()
            case "inode": inode = try reader.integer()
            case "mtime_ns": modified = try reader.integer()
            case "ctime_ns": changed = try reader.integer()
            case "boot_id": bootID = try reader.isNull() ? nil : reader.string()
            default: try reader.skip(depth: 3)
            }
        }
        guard let sha256, let pinned, let size, let inode, let modified, let changed else { throw Malformed() }
        guard let digest = SHA256Digest(hex: sha256) else { return nil }
        return Receipts.Receipt(
            sha256: digest, pinned: pinned, size: size, inode: inode, modifiedNanoseconds: modified,
            changedNanoseconds: changed, bootID: bootID)
    }

    // MARK: JSON

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func expect(_ byte: UInt8) throws(Malformed) {
        guard peek == byte else { throw Malformed() }
        position += 1
    }

    private mutating func word(_ word: StaticString) -> Bool {
        guard word.withUTF8Buffer({ bytes[position...].starts(with: $0) }) else { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    /// Reads an object; `value` reads the value of each key.
    private mutating func members(
        _ value: (inout ReceiptsReader, String) throws(Malformed) -> Void
    ) throws(Malformed) {
        skipSpace()
        try expect(UInt8(ascii: "{"))
        skipSpace()
        if peek != UInt8(ascii: "}") {
            while true {
                skipSpace()
                let key = try string()
                skipSpace()
                try expect(UInt8(ascii: ":"))
                skipSpace()
                try value(&self, key)
                skipSpace()
                guard peek == UInt8(ascii: ",") else { break }
                position += 1
            }
        }
        try expect(UInt8(ascii: "}"))
    }

    private mutating func skip(depth: Int) throws(Malformed) {
        guard depth < Self.maximumDepth else { throw Malformed() }
        switch peek {
        case UInt8(ascii: "{"): try members { (reader, _) throws(Malformed) in try reader.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            position += 1
            skipSpace()
            if peek != UInt8(ascii: "]") {
                while true {
                    skipSpace()
                    try skip(depth: depth + 1)
                    skipSpace()
                    guard peek == UInt8(ascii: ",") else { break }
                    position += 1
                }
            }
            try expect(UInt8(ascii: "]"))
        case UInt8(ascii: "\""): _ = try string()
        default:
            // A number, `true`, `false` or `null`; the value does not matter.
            let start = position
            while let byte = peek, byte > 0x20, !",]}".utf8.contains(byte) { position += 1 }
            guard position > start else { throw Malformed() }
        }
    }

    private mutating func isNull() -> Bool { word("null") }

    private mutating func bool() throws(Malformed) -> Bool {
        if word("true") { return true }
        guard word("false") else { throw Malformed() }
        return false
    }

    /// A plain integer that fits: no fraction, no exponent.
    private mutating func integer<Value: FixedWidthInteger>() throws(Malformed) -> Value {
        let start = position
        while let byte = peek, byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard let value = Value(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw Malformed() }
        return value
    }

    private mutating func string() throws(Malformed) -> String {
        try expect(UInt8(ascii: "\""))
        do throws(JSONString.Fault) { return try JSONString.read(bytes, at: &position) } catch { throw Malformed() }
    }
}
