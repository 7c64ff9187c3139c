internal import NIOCore

/// A file to serve: its bytes and its validators.
package struct ServedFile: Sendable {
    private enum Storage {
        case memory(ByteBuffer)
        case synthetic(SyntheticBlock)
        case disk(DiskFile)
    }

    package let size: Int64
    /// The value of `ETag`, including the quotes; strong unless it begins with `W/`.
    package var etag: String?
    package var lastModified: String?
    package var contentType = "application/octet-stream"
    private let storage: Storage

    private init(size: Int64, etag: String, lastModified: Int64 = 1_577_836_800, storage: Storage) {
        self.size = size
        self.etag = "\"\(etag)\""
        self.lastModified = HTTPDate.text(secondsSince1970: lastModified)
        self.storage = storage
    }

    /// A file in memory. Its `ETag` is derived from the bytes.
    package static func bytes(_ bytes: [UInt8]) -> ServedFile {
        ServedFile(
            size: Int64(bytes.count), etag: "\(String(hash(bytes), radix: 16))-\(bytes.count)",
            storage: .memory(ByteBuffer(bytes: bytes)))
    }

    /// A file of any size that takes 1 MiB of memory. Equal seeds give equal bytes, whatever the size.
    package static func synthetic(size: Int64, seed: UInt64) -> ServedFile {
        ServedFile(size: size, etag: "synthetic-\(seed)-\(size)", storage: .synthetic(SyntheticBlock(seed: seed)))
    }

    static func synthetic(size: Int64, block: SyntheticBlock) -> ServedFile {
        ServedFile(size: size, etag: "synthetic", storage: .synthetic(block))
    }

    /// A regular file on disk in its current state. It stays open while it is served.
    package static func onDisk(_ path: String) throws -> ServedFile {
        let file = try DiskFile(path: path)
        let tag = [UInt64(file.size), UInt64(bitPattern: file.modified), file.inode].map { String($0, radix: 16) }
        return ServedFile(
            size: file.size, etag: tag.joined(separator: "-"), lastModified: file.modified / 1_000_000_000,
            storage: .disk(file))
    }

    /// The same file with other validators.
    package func with(etag: String?, lastModified: String?) -> ServedFile {
        var file = self
        file.etag = etag
        file.lastModified = lastModified
        return file
    }

    /// The bytes of a range, to compare with what a client has received.
    package func read(_ range: Range<Int64>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound, let part = buffer(at: at, upTo: Int(min(range.upperBound - at, 1 << 20))) {
            bytes.append(contentsOf: part.readableBytesView)
            at += Int64(part.readableBytes)
        }
        return bytes
    }

    /// Between one and `count` bytes from `offset` on; `nil` at the end.
    func buffer(at offset: Int64, upTo count: Int) -> ByteBuffer? {
        let count = Int(min(Int64(count), size - offset))
        guard offset >= 0, count > 0 else { return nil }
        switch storage {
        case .memory(let bytes): return bytes.getSlice(at: Int(offset), length: count)
        case .synthetic(let block): return block.slice(at: offset, upTo: count)
        case .disk(let file): return file.buffer(at: offset, upTo: count)
        }
    }

    /// FNV-1a on words instead of bytes, which is fast enough in debug builds.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            let words = bytes.count / 8
            for index in 0..<words {
                hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)) &* 0x100_0000_01b3
                hash ^= hash >> 29
            }
            for byte in bytes[(words * 8)...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return hash
        }
    }
}
