/// Parses response heads line by line, as libcurl delivers them, within bounds.
///
/// libcurl 7.88.1 itself accepts header fields without end (CVE-2023-38039).
struct HeadParser {
    static let maximumBytes = 64 << 10
    static let maximumLine = 16 << 10
    static let maximumFields = 256

    private var bytes = 0
    private var fields: [(name: String, value: String)] = []
    private var status: Int?
    private(set) var isComplete = false

    /// Takes one line with its terminator; returns the final head when the line is the blank one that ends it.
    ///
    /// 1xx responses (RFC 9110 §15.2) and trailers are ignored, but count against the bounds.
    mutating func take(_ raw: UnsafeRawBufferPointer) throws(TransferError) -> ResponseHead? {
        bytes += raw.count
        guard bytes <= Self.maximumBytes else { throw malformed("more than 64 KiB of header fields") }
        guard raw.count <= Self.maximumLine else { throw malformed("a header line of more than 16 KiB") }
        if isComplete { return nil }
        var line = raw[...]
        if line.last == 0x0A { line.removeLast() }
        if line.last == 0x0D { line.removeLast() }

        guard let status else {
            status = try Self.status(of: line)
            return nil
        }
        if line.isEmpty {
            defer {
                fields = []
                self.status = nil
            }
            if (100..<200).contains(status) { return nil }
            isComplete = true
            return ResponseHead(status: status, fields: fields)
        }
        // RFC 9112 §5.2: a folded line must not be taken for a field.
        guard line.first != 0x20, line.first != 0x09 else { throw malformed("a folded header line") }
        guard fields.count < Self.maximumFields else {
            throw malformed("more than \(Self.maximumFields) header fields")
        }
        // RFC 9112 §5.1: with a space before the colon, two parsers could see two different fields.
        guard let colon = line.firstIndex(of: 0x3A), HeaderRules.isName(line[..<colon]) else {
            throw malformed("a header line without a valid field name")
        }
        let name = asciiLowercased(String(decoding: line[..<colon], as: UTF8.self))
        fields.append((name, trimmed(String(decoding: line[(colon + 1)...], as: UTF8.self))))
        return nil
    }

    /// `HTTP/1.1 206 Partial Content` (RFC 9112 §4).
    private static func status(of line: Slice<UnsafeRawBufferPointer>) throws(TransferError) -> Int {
        guard line.starts(with: "HTTP/".utf8), let space = line.firstIndex(of: 0x20) else {
            throw malformed("missing status line")
        }
        let code = line[(space + 1)...].prefix { $0 != 0x20 }
        guard code.count == 3, let status = decimal(String(decoding: code, as: UTF8.self)), status >= 100 else {
            throw malformed("the status code does not have three digits")
        }
        return Int(status)
    }
}

private func malformed(_ detail: String) -> TransferError { TransferError(.malformed, detail) }
