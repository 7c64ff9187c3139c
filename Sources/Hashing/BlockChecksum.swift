internal import CCrypto

/// The checksum of a block of a file: GMAC, that is AES-128-GCM (NIST SP 800-38D) with only associated data. The key is a
/// journal's random key, the nonce is the block's offset. It is fast (several GB/s on a processor with AES instructions), so every
/// block gets one as it is written.
///
/// It detects accidents: lost, torn or misplaced writes. It does not protect against an attacker, who may know the key.
package struct BlockChecksum: Hashable, Sendable {
    /// The checksum's length in bytes.
    package static let byteCount = 16

    /// The 16 bytes, as two words in memory order.
    private let words: (UInt64, UInt64)

    package init(bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount)
        words = (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// The 16 bytes.
    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    package static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    package func hash(into hasher: inout Swift.Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// Computes ``BlockChecksum``s under one key (EVP_EncryptInit(3), *AEAD Interface*).
package struct BlockChecksummer: ~Copyable {
    /// The key's length in bytes.
    package static let keyByteCount = 16

    private let context: OpaquePointer

    /// - Parameter key: 16 random bytes.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyByteCount)
        guard let context = EVP_CIPHER_CTX_new() else {
            outOfMemory("libcrypto has no memory for a cipher context")
        }
        guard EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nil, key, nil) == 1 else {
            outOfMemory("this libcrypto has no AES-128-GCM")
        }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// What a checksum covers. The same bytes have different checksums in different domains.
    package enum Domain: UInt32, Sendable {
        /// A block of the model file, at its offset.
        case block = 1
        /// A record of the journal, at its offset in the journal.
        case record = 2
    }

    /// The checksum of `bytes`, which are at `offset` in the file or journal.
    package mutating func checksum(of bytes: UnsafeRawBufferPointer, at offset: Int64, domain: Domain) -> BlockChecksum
    {
        begin(at: offset, domain: domain)
        update(bytes)
        return finish()
    }

    /// Begins the checksum of a block that comes in pieces.
    package mutating func begin(at offset: Int64, domain: Domain) {
        // The nonce is 96 bits: the domain, then the offset, both little-endian.
        let nonce: (UInt32, UInt32, UInt32) = (
            domain.rawValue.littleEndian, UInt32(truncatingIfNeeded: offset).littleEndian,
            UInt32(truncatingIfNeeded: offset >> 32).littleEndian
        )
        withUnsafeBytes(of: nonce) { nonce in
            let start = nonce.bindMemory(to: UInt8.self).baseAddress
            if !(EVP_EncryptInit_ex(context, nil, nil, nil, start) == 1) { outOfMemory("EVP_EncryptInit_ex failed") }
        }
    }

    /// Feeds the block's next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // EVP lengths are Int32: feed at most 1 GiB per call.
        var rest = bytes
        var length: Int32 = 0
        while let base = rest.baseAddress, !rest.isEmpty {
            let part = min(rest.count, 1 << 30)
            let start = base.assumingMemoryBound(to: UInt8.self)
            let fed = EVP_EncryptUpdate(context, nil, &length, start, Int32(truncatingIfNeeded: part))
            if fed != 1 { outOfMemory("EVP_EncryptUpdate failed") }
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
        }
    }

    /// The checksum of what was fed since ``begin(at:domain:)``.
    package mutating func finish() -> BlockChecksum {
        withUnsafeTemporaryAllocation(byteCount: BlockChecksum.byteCount, alignment: 8) { tag in
            var length: Int32 = 0
            let start = tag.baseAddress?.assumingMemoryBound(to: UInt8.self)
            if !(EVP_EncryptFinal_ex(context, start, &length) == 1) { outOfMemory("EVP_EncryptFinal_ex failed") }
            let got = ccrypto_get_tag(context, Int32(BlockChecksum.byteCount), tag.baseAddress)
            if got != 1 { outOfMemory("EVP_CTRL_AEAD_GET_TAG failed") }
            return BlockChecksum(bytes: UnsafeRawBufferPointer(tag))
        }
    }
}
