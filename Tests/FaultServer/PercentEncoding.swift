/// Decodes percent-encoding (RFC 3986 §2.1); invalid triplets are left as they are.
enum PercentEncoding {
    static func decode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        let encoded = Array(text.utf8)
        var at = 0
        while at < encoded.count {
            if encoded[at] == UInt8(ascii: "%"), at + 2 < encoded.count,
                let byte = UInt8(String(decoding: encoded[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                at += 3
            } else {
                bytes.append(encoded[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
