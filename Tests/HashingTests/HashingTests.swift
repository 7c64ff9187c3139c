import Hashing
import Testing

@Suite struct `SHA-256` {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `meets the examples of FIPS 180-4`(text: String, hex: String) {
        #expect(Array(text.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) }.hex == hex)
    }

    @Test func `is the same in pieces as in one`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        bytes.withUnsafeBytes { all in
            var start = 0
            for length in [1, 63, 64, 65, 4096, 0, 50_000] {
                hasher.update(UnsafeRawBufferPointer(rebasing: all[start..<start + length]))
                start += length
            }
            hasher.update(UnsafeRawBufferPointer(rebasing: all[start...]))
        }
        #expect(hasher.finalize() == bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) })
    }

    @Test func `reads hexadecimal digits of either case and nothing else`() {
        let hex = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        #expect(SHA256Digest(hex: hex)?.hex == hex)
        #expect(SHA256Digest(hex: hex.uppercased())?.hex == hex)
        #expect(SHA256Digest(hex: hex.dropLast()) == nil)
        #expect(SHA256Digest(hex: hex + "0") == nil)
        #expect(SHA256Digest(hex: " " + hex.dropFirst()) == nil)
        #expect(SHA256Digest(hex: "g" + hex.dropFirst()) == nil)
        // 64 Characters, but more bytes: a digit with a combining mark is not a digit.
        #expect(SHA256Digest(hex: "2\u{301}" + hex.dropFirst()) == nil)
    }
}

@Suite struct `Block checksums` {
    private let key = [UInt8](0..<16)
    private let block = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }

    private func checksum(
        _ bytes: [UInt8], key: [UInt8]? = nil, at offset: Int64 = 0, domain: BlockChecksummer.Domain = .block
    ) -> BlockChecksum {
        var summer = BlockChecksummer(key: key ?? self.key)
        return bytes.withUnsafeBytes { summer.checksum(of: $0, at: offset, domain: domain) }
    }

    @Test func `agree with another implementation of GMAC`() {
        #expect(checksum([UInt8](0..<32), at: 0x0102_0304_0506).bytes == Self.vector)
    }

    /// Python's cryptography: `AESGCM(bytes(range(16))).encrypt(b"\1\0\0\0" + (0x010203040506).to_bytes(8, "little"), b"", bytes(range(32)))`
    private static let vector: [UInt8] = [
        0x11, 0xca, 0x53, 0x18, 0xfc, 0xcb, 0x28, 0x3a, 0xbc, 0xef, 0x2a, 0x0f, 0x3e, 0xc3, 0xb4, 0xe5,
    ]

    @Test func `tell every bit, the offset, the domain and the key apart`() {
        let base = checksum(block)
        #expect(checksum(block) == base)
        var flipped = block
        flipped[4095] ^= 1
        #expect(checksum(flipped) != base)
        #expect(checksum(block, at: 4096) != base)
        #expect(checksum(block, at: 1 << 32) != base)
        #expect(checksum(block, domain: .record) != base)
        #expect(checksum(block, key: [UInt8](1..<17)) != base)
        #expect(checksum(Array(block.dropLast())) != base)
    }

    @Test func `carry nothing over from one block to the next`() {
        var summer = BlockChecksummer(key: key)
        _ = block.withUnsafeBytes { summer.checksum(of: $0, at: 0, domain: .block) }
        let second = block.withUnsafeBytes { summer.checksum(of: $0, at: 4096, domain: .block) }
        #expect(second == checksum(block, at: 4096))
    }
}
