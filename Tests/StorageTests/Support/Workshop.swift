import Foundation
import Hashing
import SeededRandom
import Storage
import Testing

extension SplitMix64 {
    mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, made in
            let words = UnsafeMutableRawBufferPointer(buffer)
            for offset in stride(from: 0, to: count, by: 8) {
                words.storeBytes(of: next().littleEndian, toByteOffset: offset, as: UInt64.self)
            }
            made = count
        }
    }
}

func sha256(_ bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) } }

let testKey = [UInt8](0..<16)

/// A file to be downloaded into a scratch directory.
struct Workshop {
    let scratch: Scratch
    let disk: any Disk
    let directory: ModelDirectory
    let bytes: [UInt8]
    let identity: FileIdentity
    let names: PartialNames

    init(
        size: Int, path: String = "weights.bin", digest: SHA256Digest? = nil, on disk: any Disk = SystemDisk(),
        in scratch: Scratch? = nil
    ) throws {
        let scratch = try scratch ?? Scratch()
        var generator = SplitMix64(seed: UInt64(size))
        bytes = generator.bytes(size)
        self.scratch = scratch
        self.disk = disk
        directory = try ModelDirectory(creating: scratch.path, on: disk)
        identity = FileIdentity(path: path, size: Int64(size), sha256: digest ?? sha256(bytes))
        names = PartialNames(path: path)
    }

    func open(as identity: FileIdentity? = nil) throws -> PartialFile {
        try PartialFile(in: directory, names: names, identity: identity ?? self.identity, key: testKey)
    }

    /// A partial with some ranges of the right bytes, recorded, and closed again.
    func prepare(_ ranges: [Range<Int>], origin: String = "o", validator: String = "etag:1") throws {
        let partial = try open()
        let source = try partial.source(origin: origin, validator: validator)
        for range in ranges {
            // In pieces as a network brings them, so that records are as short as they get.
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 65_536) {
                let end = min(start + 65_536, range.upperBound)
                try partial.write(bytes[start..<end], at: start, from: source)
            }
        }
        try partial.flush()
    }

    /// Writes some of the right bytes; returns those that were missing.
    @discardableResult
    func write(_ writer: ExtentWriter, _ range: Range<Int>) throws -> [Range<Int64>] {
        try bytes[range].withUnsafeBytes { try writer.write($0, at: Int64(range.lowerBound)) }
    }

    /// Fetches whatever is missing, in pieces.
    func fill(_ partial: PartialFile, step: Int = 100_000) throws {
        let source = try partial.source(origin: "filler", validator: "")
        while let gap = partial.firstGap() {
            let end = min(Int(gap.upperBound), Int(gap.lowerBound) + step)
            try partial.write(bytes[Int(gap.lowerBound)..<end], at: Int(gap.lowerBound), from: source)
        }
    }
}

extension PartialFile {
    func source(origin: String, validator: String) throws -> ExtentWriter {
        try writer(for: SourceVersion(SourceID(url: origin), validator: validator))
    }

    func write(_ bytes: some Collection<UInt8>, at offset: Int, from writer: ExtentWriter) throws {
        _ = try Array(bytes).withUnsafeBytes { try writer.write($0, at: Int64(offset)) }
    }

    /// Checks all claims: what was lost.
    @discardableResult
    func checkAll() throws -> [Range<Int64>] {
        var lost: [Range<Int64>] = []
        while let check = try checkNext() {
            if case .lost(let range) = check { lost.append(range) }
        }
        return lost
    }

    /// Every range that is neither there nor claimed, of which the two ways to ask tell the same.
    var missing: [Range<Int64>] {
        var missing: [Range<Int64>] = []
        while let gap = firstGap(from: missing.last?.upperBound ?? 0) { missing.append(gap) }
        #expect(Array(gaps.ranges) == missing)
        return missing
    }

    func finishVerified() throws -> VerifiedFile {
        switch try finish() {
        case .verified(let file): return file
        case .mismatch(let actual), .unproven(let actual, _): throw Mismatch(actual: actual)
        }
    }

    struct Mismatch: Error { let actual: SHA256Digest }
}

/// The code of the storage error that a body throws; `nil` if it throws none.
func storageCode(_ body: () throws -> Void) throws -> StorageError.Code? {
    do {
        try body()
        return nil
    } catch let error as StorageError {
        return error.code
    }
}
