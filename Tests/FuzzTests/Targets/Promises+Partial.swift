import Hashing
import Storage

@testable import Storage

extension Promises {
    /// A partial file and its journal, both made of the input and both liable to lie, then whatever a download does with them in any order:
    /// in the end the file is right, and it is called right only then.
    static func ofPartial(_ input: [UInt8]) throws {
        var reader = ByteReader(input)
        var desk = Desk(size: reader.number(below: 1 << 14))
        desk.leave(&reader)
        var partial = try desk.open()
        while !reader.isAtEnd {
            if reader.byte() % 16 == 0 { partial = try desk.open() }
            try desk.act(on: partial, &reader)
        }
        for round in 0..<4 {
            while try partial.checkNext() != nil {}
            try desk.fill(partial)
            guard case .verified = try partial.finish() else {
                try hold(round < 3, "everything was fetched again and it is still wrong")
                let discarded = try round < 2 ? partial.discardDoubtful() : nil
                try hold(discarded == nil || partial.heldBytes > 0, "all went, not only the doubtful")
                if discarded == nil { try partial.void(0..<desk.identity.size) }
                continue
            }
            try hold(desk.stored == desk.bytes, "verified, and other bytes are on the disk")
            return
        }
    }

    private struct Desk {
        let bytes: [UInt8]
        let identity: FileIdentity
        let disk = MemoryDisk()
        private static let key = [UInt8](0..<16)
        private static let names = PartialNames(path: "f")

        init(size: Int64) {
            bytes = (0..<Int(size)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &* 7) }
            identity = FileIdentity(
                path: "f", size: size, sha256: bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) })
        }

        var stored: [UInt8]? { disk["d/" + Self.names.partial] }

        /// What an earlier run left.
        mutating func leave(_ reader: inout ByteReader) {
            var left = bytes
            for _ in 0..<reader.byte() % 4 where !left.isEmpty {
                left[Int(reader.number(below: Int64(left.count)))] ^= reader.byte()
            }
            left = Array(left.prefix(Int(reader.number(below: identity.size + 9))))
            let right = bytes
            var journal = JournalHeader(key: Self.key, identity: identity).encoded
            var summer = BlockChecksummer(key: Self.key)
            for _ in 0..<reader.byte() % 32 {
                let isOfDisk = reader.byte() % 2 == 0
                let record = record(&reader, size: identity.size) { range in
                    // Either of what is there or of what should be there.
                    let content = (isOfDisk ? left : right)[...].dropFirst(Int(range.lowerBound)).prefix(range.count)
                    return BlockChecksummer.sum(content, at: range.lowerBound, key: Self.key)
                }
                journal += record.encoded(at: Int64(journal.count), with: &summer)
            }
            disk["d/" + Self.names.partial] = left
            if reader.byte() % 8 != 0 { disk["d/" + Self.names.journal] = journal }
        }

        func open() throws -> PartialFile {
            try PartialFile(
                in: ModelDirectory(existing: "d", on: disk), names: Self.names, identity: identity, key: Self.key)
        }

        func act(on partial: PartialFile, _ reader: inout ByteReader) throws {
            switch reader.byte() % 7 {
            case 0: _ = try partial.checkNext()
            case 1: _ = try partial.catchUp()
            case 2: try partial.flush()
            case 3: _ = try partial.discardDoubtful()
            case 4:
                let start = reader.number(below: identity.size + 1)
                try partial.void(start..<min(start + reader.number(below: 4096), identity.size))
            default:
                let origin = "s\(reader.byte() % 3)"
                let writer = try partial.writer(
                    for: SourceVersion(SourceID(url: origin), validator: "v\(reader.byte() % 2)"))
                let start = reader.number(below: identity.size + 1)
                var piece = Array(bytes[Int(start)...].prefix(Int(reader.number(below: 8192))))
                if reader.byte() % 4 == 0, !piece.isEmpty { piece[0] ^= 1 }
                _ = try piece.withUnsafeBytes { try writer.write($0, at: start) }
            }
            try hold(partial.heldBytes + partial.claimedBytes <= identity.size, "more bytes than there are")
        }

        /// Fetches what is missing from a source that is right.
        func fill(_ partial: PartialFile) throws {
            let writer = try partial.writer(for: SourceVersion(SourceID(url: "right"), validator: ""))
            while let gap = partial.firstGap() {
                _ = try bytes[Int(gap.lowerBound)..<Int(gap.upperBound)].withUnsafeBytes {
                    try writer.write($0, at: gap.lowerBound)
                }
                try hold(partial.firstGap() != gap, "a gap stays one")
            }
            try hold(partial.isComplete, "there is no gap and it is not complete")
        }
    }

    /// Whatever stands in a receipt file, what was understood of it is written and read back the same.
    static func ofReceipts(_ input: [UInt8]) throws {
        let disk = MemoryDisk()
        disk["d/" + StateNames.receipts] = input
        let directory = try ModelDirectory(existing: "d", on: disk)
        let receipts = Receipts(in: directory)
        try receipts.write(in: directory, isDurable: false)
        try hold(Receipts(in: directory) == receipts, "the receipts read back otherwise")
    }
}
