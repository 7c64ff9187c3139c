/// The head of a request (RFC 9112 §2 to §5), as far as a file server needs it, with at most 64 KiB.
struct RequestHead: Equatable {
    static let maximumByteCount = 64 << 10

    var method: String
    var target: String
    var minorVersion: Int
    var headers: [RequestRecord.Header]

    enum Outcome: Equatable {
        case incomplete
        case tooLarge
        case malformed
        /// A head and its length in bytes.
        case head(RequestHead, byteCount: Int)
    }

    static func parse(_ bytes: some RandomAccessCollection<UInt8>) -> Outcome {
        let prefix = Array(bytes.prefix(maximumByteCount))
        guard let end = endOfHead(in: prefix) else {
            return bytes.count >= maximumByteCount ? .tooLarge : .incomplete
        }
        let lines = prefix[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, !words[0].isEmpty, !words[1].isEmpty, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0"
        else { return .malformed }
        var headers: [RequestRecord.Header] = []
        for line in lines.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex else {
                return .malformed
            }
            let value = line[line.index(after: colon)...].trimming { $0 == " " || $0 == "\t" }
            headers.append(RequestRecord.Header(name: String(line[..<colon]), value: String(value)))
        }
        let head = RequestHead(
            method: words[0], target: words[1], minorVersion: words[2] == "HTTP/1.1" ? 1 : 0, headers: headers)
        return .head(head, byteCount: end + 4)
    }

    private static func endOfHead(in bytes: [UInt8]) -> Int? {
        let blankLine = Array("\r\n\r\n".utf8)
        guard bytes.count >= blankLine.count else { return nil }
        return bytes.withUnsafeBytes { bytes in
            (0...(bytes.count - blankLine.count)).first { start in
                bytes[start] == blankLine[0] && bytes[start + 1] == blankLine[1] && bytes[start + 2] == blankLine[2]
                    && bytes[start + 3] == blankLine[3]
            }
        }
    }

    /// The first field of this name, ignoring case.
    subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The path of the target, percent-decoded and without its leading slash; in absolute form, without the authority.
    var path: String {
        var text = target[...]
        if let scheme = text.range(of: "://") {
            let rest = text[scheme.upperBound...]
            text = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        if let query = text.utf8.firstIndex(of: UInt8(ascii: "?")) { text = text[..<query] }
        if text.utf8.first == UInt8(ascii: "/") { text = text.dropFirst() }
        return PercentEncoding.decode(text)
    }

    /// Whether the connection can be kept open for another request.
    var keepsAlive: Bool {
        // The body of a request is not read, so the connection cannot be used again after one.
        guard self["Content-Length"].map({ $0 == "0" }) ?? true, self["Transfer-Encoding"] == nil else { return false }
        return minorVersion == 1 && self["Connection"]?.lowercased() != "close"
    }
}

extension Substring {
    func trimming(_ drops: (Character) -> Bool) -> Substring {
        var text = drop(while: drops)
        while let last = text.last, drops(last) { text.removeLast() }
        return text
    }

    fileprivate func range(of needle: String) -> Range<Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(needle) { return at..<index(at, offsetBy: needle.count) }
            formIndex(after: &at)
        }
        return nil
    }
}
