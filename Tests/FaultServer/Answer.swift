/// A response in terms of HTTP: a status, header fields and a body. This file makes the correct response,
/// `Answer+Faults.swift` changes it, and ``Reply`` turns it into bytes and pauses.
struct Answer {
    struct Field {
        var name: String
        var value: [UInt8]
    }

    var status: Int
    var fields: [Field] = []
    var body: [BodyPart] = []
    /// The file and the range that the body holds, if any, for the faults that concern them.
    var served: (file: ServedFile, range: Range<Int64>)?

    init(status: Int) {
        self.status = status
    }

    /// A short response that is not a file.
    init(status: Int, text: String, type: String = "text/plain") {
        self.init(status: status)
        set("Content-Type", type)
        set(body: [.text(Array(text.utf8))])
    }

    /// The correct response for a file (RFC 9110 §14).
    ///
    /// - Parameters:
    ///   - range: the requested range; `nil` for none, or to ignore it.
    ///   - ifRange: the request's `If-Range`: the range is ignored unless this is the file's validator.
    init(file: ServedFile, range asked: AskedRange?, ifRange: String?) {
        let asked = ifRange.map { Self.fits($0, file) } ?? true ? asked : nil
        guard let asked else {
            self.init(file: file, status: 200, range: 0..<file.size)
            return
        }
        guard let range = asked.resolved(size: file.size) else {
            self.init(status: 416, text: "416\n")
            set("Content-Range", "bytes */\(file.size)")
            return
        }
        self.init(file: file, status: 206, range: range)
    }

    init(file: ServedFile, status: Int, range: Range<Int64>) {
        self.init(status: status)
        set("Accept-Ranges", "bytes")
        set("Content-Type", file.contentType)
        if let etag = file.etag { set("ETag", etag) }
        if let date = file.lastModified { set("Last-Modified", date) }
        served = (file, range)
        if status == 206 { set("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)") }
        set(body: [.file(file, range, flips: [:])])
    }

    /// RFC 9110 §13.1.5: a strong comparison, or exactly the same date.
    private static func fits(_ validator: String, _ file: ServedFile) -> Bool {
        if validator.hasPrefix("W/") { return false }
        return validator.hasPrefix("\"") ? validator == file.etag : validator == file.lastModified
    }

    // MARK: Fields

    /// Sets a field and removes all others of this name.
    mutating func set(_ name: String, _ value: String) {
        set(name, Array(value.utf8))
    }

    mutating func set(_ name: String, _ value: [UInt8]) {
        let index = fields.firstIndex { $0.name.lowercased() == name.lowercased() }
        remove(name)
        fields.insert(Field(name: name, value: value), at: index ?? fields.endIndex)
    }

    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: Array(value.utf8)))
    }

    mutating func remove(_ name: String) {
        fields.removeAll { $0.name.lowercased() == name.lowercased() }
    }

    // MARK: Body

    var bodyByteCount: Int64 {
        body.reduce(0) { $0.addingReportingOverflow($1.count).overflow ? .max : $0 + $1.count }
    }

    /// Sets the body and its true length.
    mutating func set(body parts: [BodyPart]) {
        body = parts
        set("Content-Length", String(bodyByteCount))
    }

    /// The bytes of the head, including the empty line at its end.
    func headBytes(version: String) -> [UInt8] {
        var bytes = Array("\(version) \(status) \(Self.reason(status))\r\n".utf8)
        for field in fields {
            bytes += Array(field.name.utf8) + Array(": ".utf8) + field.value + Array("\r\n".utf8)
        }
        return bytes + Array("\r\n".utf8)
    }

    static func reason(_ status: Int) -> String {
        let known: [Int: String] = [
            100: "Continue", 102: "Processing", 103: "Early Hints", 200: "OK", 206: "Partial Content",
            301: "Moved Permanently", 302: "Found", 303: "See Other", 307: "Temporary Redirect",
            308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
            405: "Method Not Allowed", 408: "Request Timeout", 410: "Gone", 416: "Range Not Satisfiable",
            425: "Too Early", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
            500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
        ]
        return known[status] ?? "Status \(status)"
    }
}
