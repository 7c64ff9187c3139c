internal import Hashing

/// The journal's header. See docs/formats.md.
struct JournalHeader: Hashable, Sendable {
    static let magic = Array("MFJRNL1\n".utf8)

    var key: [UInt8]
    var identity: FileIdentity

    var encoded: [UInt8] {
        var bytes = Self.magic
        bytes += key
        bytes.append(littleEndian: UInt64(bitPattern: identity.size))
        bytes.append(identity.sha256 == nil ? 0 : 1)
        bytes += identity.sha256?.bytes ?? [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        bytes.append(littleEndian: UInt16(identity.path.utf8.count))
        bytes += identity.path.utf8
        var summer = BlockChecksummer(key: key)
        bytes += bytes.withUnsafeBytes { summer.checksum(of: $0, at: 0, domain: .record) }.bytes
        return bytes
    }

    /// The key and the length of the header, if it is complete and belongs to `identity`.
    static func read(_ journal: UnsafeRawBufferPointer, expecting identity: FileIdentity) -> (
        key: [UInt8], length: Int
    )? {
        guard journal.count >= 24, journal.starts(with: magic) else { return nil }
        let key = Array(journal[8..<24])
        let expected = JournalHeader(key: key, identity: identity).encoded
        return journal.starts(with: expected) ? (key, expected.count) : nil
    }
}
