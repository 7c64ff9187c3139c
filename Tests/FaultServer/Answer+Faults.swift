internal import NIOCore

/// Everything that determines the head and the body of the response to a request.
struct Circumstances {
    var request: RequestHead
    var path: String
    var content: Content
    var faults: [Fault]
    /// The number of earlier requests for this path.
    var ordinal: Int
    /// The current time in seconds since 1970.
    var now: Int64
}

extension Answer {
    init(_ circumstances: Circumstances) {
        self = Self.base(circumstances)
        for fault in circumstances.faults { apply(fault, circumstances) }
    }

    // MARK: The response before faults change it

    /// The response of a file, or of a fault that replaces it. Of several such faults, the last one applies.
    private static func base(_ circumstances: Circumstances) -> Answer {
        let request = circumstances.request
        guard request.method == "GET" || request.method == "HEAD" else {
            var answer = Answer(status: 405, text: "405\n")
            answer.set("Allow", "GET, HEAD")
            return answer
        }
        for fault in circumstances.faults.reversed() {
            if let answer = replacement(fault, circumstances) { return answer }
        }
        guard let file = file(circumstances) else { return Answer(status: 404, text: "404\n") }
        var ignoresRange = request.method == "HEAD"
        for fault in circumstances.faults {
            switch fault {
            case .ignoreRange: ignoresRange = true
            case .ignoreRangeIfConditional: ignoresRange = ignoresRange || request["If-Range"] != nil
            case .otherRange(let start, let end):
                let range = max(0, min(start, file.size))..<max(0, min(max(start, end) + 1, file.size))
                return Answer(file: file, status: 206, range: range)
            default: break
            }
        }
        let answer = Answer(
            file: file, range: ignoresRange ? nil : AskedRange(field: request["Range"]), ifRange: request["If-Range"])
        return answer.shortened(by: circumstances.faults)
    }

    private func shortened(by faults: [Fault]) -> Answer {
        for case .shortRange(let count) in faults.reversed() {
            guard let (file, range) = served, status == 206 else { break }
            return Answer(
                file: file, status: 206,
                range: range.lowerBound..<range.lowerBound + min(max(1, count), Int64(range.count)))
        }
        return self
    }

    private static func replacement(_ fault: Fault, _ circumstances: Circumstances) -> Answer? {
        let target = circumstances.request.target
        switch fault {
        case .status(let code, let retryAfter, let body):
            var answer = Answer(status: code, text: body ?? "\(code)\n")
            if let retryAfter { answer.set("Retry-After", retryAfter.value(now: circumstances.now)) }
            return answer
        case .authorization(let required):
            guard circumstances.request["Authorization"] != required else { return nil }
            var answer = Answer(status: 401, text: "401\n")
            answer.set("WWW-Authenticate", "Basic realm=\"fault-server\"")
            return answer
        case .redirect(let status, let to):
            let parts = to.split(separator: "{target}", omittingEmptySubsequences: false).map(String.init)
            return redirect(status, Array(parts.joined(separator: String(target.drop { $0 == "/" })).utf8))
        case .redirectRaw(let status, let location): return redirect(status, location)
        case .redirectLoop(let status):
            let location = "/\(target.drop { $0 == "/" }.prefix { $0 != "?" })?loop=\(circumstances.ordinal + 1)"
            return redirect(status, Array(location.utf8))
        case .captivePortal(let html, let withLength, let padded):
            let page = html ?? "<!DOCTYPE html><html><title>Log in</title><p>Welcome to this network.</html>\n"
            var answer = Answer(status: 200, text: page, type: "text/html; charset=utf-8")
            if padded == true, let file = file(circumstances) {
                let rest = max(0, file.size - answer.bodyByteCount)
                answer.set(body: answer.body + [.fill(UInt8(ascii: " "), count: rest)])
            }
            if withLength == false { answer.remove("Content-Length") }
            return answer
        default: return nil
        }
    }

    private static func redirect(_ status: Int?, _ location: [UInt8]) -> Answer {
        var answer = Answer(status: status ?? 302, text: "moved\n")
        answer.set("Location", location)
        return answer
    }

    /// The file with the validators that the faults give it, which If-Range is compared with.
    private static func file(_ circumstances: Circumstances) -> ServedFile? {
        guard var file = circumstances.content.file(circumstances.path) else { return nil }
        for fault in circumstances.faults {
            switch fault {
            case .content(let path, let keepsValidators):
                guard let other = circumstances.content.file(path) else { return nil }
                file = keepsValidators == true ? other.with(etag: file.etag, lastModified: file.lastModified) : other
            case .etag(let value): file.etag = value
            case .weakETag: file.etag = file.etag.map { $0.hasPrefix("W/") ? $0 : "W/" + $0 }
            case .noETag: file.etag = nil
            case .flappingETag:
                if circumstances.ordinal % 2 == 1 { file.etag = file.etag.map { $0.dropLast() + "-flap\"" } }
            case .lastModified(let value): file.lastModified = value
            case .noLastModified: file.lastModified = nil
            default: break
            }
        }
        return file
    }

    // MARK: Changes by faults

    private mutating func apply(_ fault: Fault, _ circumstances: Circumstances) {
        switch fault {
        case .contentRange(let start, let end, let total):
            guard let served, status == 206 else { break }
            let lastByte = end ?? served.range.upperBound - 1
            set("Content-Range", "bytes \(start ?? served.range.lowerBound)-\(lastByte)/\(total ?? served.file.size)")
        case .contentRangeRaw(let value): set("Content-Range", value)
        case .noContentRange: remove("Content-Range")
        case .multipartRange: wrapInMultipart()
        case .contentLength(let value): set("Content-Length", value)
        case .contentLengths(let values):
            remove("Content-Length")
            for value in values {
                add("Content-Length", value == "{length}" ? String(bodyByteCount) : value)
            }
        case .flip(let offset, let mask):
            body = body.map { part in
                guard case .file(let file, let range, let flips) = part else { return part }
                return .file(file, range, flips: flips.merging([offset: mask], uniquingKeysWith: ^))
            }
        case .shiftBody(let distance): shiftBody(by: distance)
        case .gzip: gzip()
        case .contentEncoding(let value): set("Content-Encoding", value)
        case .overrun(let count): body.append(.fill(UInt8(ascii: "+"), count: max(0, count)))
        case .endlessBody:
            body.append(.endless(SyntheticBlock(seed: 0)))
            remove("Content-Length")
        case .header(let name, let value): add(name, value)
        case .removeHeader(let name): remove(name)
        case .hugeHeader(let count): set("X-Huge", Array(repeating: UInt8(ascii: "x"), count: max(0, count)))
        default: break
        }
    }

    private mutating func wrapInMultipart() {
        guard let served, status == 206 else { return }
        let boundary = "fault-server-boundary"
        let range = "bytes \(served.range.lowerBound)-\(served.range.upperBound - 1)/\(served.file.size)"
        let head = "--\(boundary)\r\nContent-Type: \(served.file.contentType)\r\nContent-Range: \(range)\r\n\r\n"
        set(body: [.text(Array(head.utf8))] + body + [.text(Array("\r\n--\(boundary)--\r\n".utf8))])
        set("Content-Type", "multipart/byteranges; boundary=\(boundary)")
        remove("Content-Range")
    }

    private mutating func shiftBody(by distance: Int64) {
        guard let served, served.file.size > 0, !served.range.isEmpty else { return }
        let size = served.file.size
        let start = ((served.range.lowerBound + distance % size) % size + size) % size
        let end = min(size, start + Int64(served.range.count))
        let rest = Int64(served.range.count) - (end - start)
        body = [.file(served.file, start..<end, flips: [:]), .file(served.file, 0..<rest, flips: [:])]
    }

    private mutating func gzip() {
        set("Content-Encoding", "gzip")
        guard bodyByteCount <= 16 << 20 else { return }
        var plain: [UInt8] = []
        for part in body {
            var position: Int64 = 0
            while let buffer = part.buffer(at: position, upTo: 1 << 20) {
                plain.append(contentsOf: buffer.readableBytesView)
                position += Int64(buffer.readableBytes)
            }
        }
        set(body: [.text(Gzip.stored(plain))])
    }
}
