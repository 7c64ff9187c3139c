/// A gzip stream (RFC 1952) of stored blocks, which are not compressed. That suffices to detect a client that decodes.
enum Gzip {
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        var at = 0
        repeat {
            let count = min(bytes.count - at, 65535)
            stream.append(at + count == bytes.count ? 1 : 0)
            stream.append(contentsOf: littleEndian(UInt16(count)) + littleEndian(~UInt16(count)))
            stream.append(contentsOf: bytes[at..<(at + count)])
            at += count
        } while at < bytes.count
        stream.append(contentsOf: littleEndian(crc32(bytes)) + littleEndian(UInt32(truncatingIfNeeded: bytes.count)))
        return stream
    }

    private static func littleEndian<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        let table = (0..<256).map { index in
            (0..<8).reduce(UInt32(index)) { word, _ in
                let shifted = word >> 1
                return word & 1 == 1 ? shifted ^ 0xEDB8_8320 : shifted
            }
        }
        var crc = ~UInt32(0)
        for byte in bytes {
            let index = UInt8(truncatingIfNeeded: crc) ^ byte
            crc = crc >> 8 ^ table[Int(index)]
        }
        return ~crc
    }
}
