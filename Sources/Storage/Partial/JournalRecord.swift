internal import Hashing

/// One record of a journal. Its encoding is in docs/formats.md.
enum JournalRecord: Hashable, Sendable {
    /// From here on the number stands for this version, which is the one that its source gave last.
    case source(number: UInt16, SourceVersion)
    case extent(Range<Int64>, source: UInt16, checksum: BlockChecksum)
    case void(Range<Int64>)
    case digestFailed(SHA256Digest)
    case found(Range<Int64>)

    /// The longest extent of a record, in bytes: it is read back in one piece.
    static let maximumExtent: Int64 = 2 << 20
    /// The longest validator that is recorded, in bytes.
    static let maximumText = 1024

    private var type: UInt8 {
        switch self {
        case .source: 7
        case .extent: 2
        case .void: 3
        case .digestFailed: 5
        case .found: 6
        }
    }

    private var payload: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .source(let number, let version):
            bytes.append(littleEndian: number)
            bytes.append(version.isOneAnswer ? 1 : 0)
            bytes += version.source.digest.bytes + version.place.digest.bytes
            bytes += version.validator.utf8.prefix(Self.maximumText)
        case .extent(let range, let source, let checksum):
            bytes.append(range)
            bytes.append(littleEndian: source)
            bytes += checksum.bytes
        case .void(let range), .found(let range): bytes.append(range)
        case .digestFailed(let digest): bytes += digest.bytes
        }
        return bytes
    }

    /// The encoded record, at an offset in the journal.
    func encoded(at offset: Int64, with summer: inout BlockChecksummer) -> [UInt8] {
        let payload = payload
        var bytes: [UInt8] = [type, 0]
        bytes.append(littleEndian: UInt16(payload.count))
        bytes += payload
        bytes += bytes.withUnsafeBytes { summer.checksum(of: $0, at: offset, domain: .record) }.bytes
        return bytes
    }

    /// The result of reading a record.
    enum Reading {
        /// A record and its length; `nil` for a record of unknown type or content.
        case record(JournalRecord?, length: Int)
        /// Truncated or damaged: this record and everything after it are ignored.
        case torn
    }

    /// Reads the record at `offset` of a journal.
    static func read(
        _ journal: UnsafeRawBufferPointer, at offset: Int, with summer: inout BlockChecksummer
    ) -> Reading {
        guard journal.count - offset >= 4 else { return .torn }
        let length = Int(journal.littleEndian(UInt16.self, at: offset + 2))
        let total = 4 + length + BlockChecksum.byteCount
        guard journal.count - offset >= total, journal[offset + 1] == 0 else { return .torn }
        let claimed = BlockChecksum(bytes: .init(rebasing: journal[offset + 4 + length..<offset + total]))
        let body = UnsafeRawBufferPointer(rebasing: journal[offset..<offset + 4 + length])
        guard summer.checksum(of: body, at: Int64(offset), domain: .record) == claimed else { return .torn }
        let payload = UnsafeRawBufferPointer(rebasing: journal[offset + 4..<offset + 4 + length])
        return .record(decode(journal[offset], payload), length: total)
    }

    private static func decode(_ type: UInt8, _ payload: UnsafeRawBufferPointer) -> JournalRecord? {
        switch type {
        case 1:
            // Written by earlier versions, which did not identify sources by their whole URL: not a version that can be resumed.
            guard payload.count >= 6 else { return nil }
            let origin = SourceID(url: String(decoding: payload[2...], as: UTF8.self))
            return .source(
                number: payload.littleEndian(UInt16.self, at: 0), SourceVersion(origin, validator: ""))
        case 2:
            guard payload.count == 34, let range = payload.range else { return nil }
            guard Int64(range.count) <= maximumExtent else { return nil }
            return .extent(
                range, source: payload.littleEndian(UInt16.self, at: 16),
                checksum: BlockChecksum(bytes: .init(rebasing: payload[18...])))
        case 3: return payload.count == 16 ? payload.range.map { .void($0) } : nil
        case 5: return SHA256Digest(bytes: Array(payload)).map { .digestFailed($0) }
        case 6: return payload.count == 16 ? payload.range.map { .found($0) } : nil
        case 7:
            guard payload.count >= 67, payload.count <= 67 + maximumText, payload[2] <= 1,
                let source = SHA256Digest(bytes: Array(payload[3..<35])),
                let place = SHA256Digest(bytes: Array(payload[35..<67]))
            else { return nil }
            return .source(
                number: payload.littleEndian(UInt16.self, at: 0),
                SourceVersion(
                    SourceID(digest: source), at: SourceID(digest: place),
                    validator: String(decoding: payload[67...], as: UTF8.self), isOneAnswer: payload[2] == 1))
        default: return nil
        }
    }
}
