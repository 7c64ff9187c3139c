import SeededRandom
import Transfer

/// What a response holds, right or wrong.
extension SimulatedNetwork {
    func respond(to request: TransportRequest, _ index: Int, _ path: String, _ fault: NetworkFault?) -> Answer {
        let source = sources[index]
        guard let right = files[path] else { return simple(404, path: path) }
        let whole = Self.version(source.version, of: right)
        let size = Int64(whole.count)
        var tag: String? =
            switch source.plan.tag {
            case .strong: "\"v\(source.tagNumber)\""
            case .varying: "\"v\(source.tagNumber)-\(source.requests)\""
            case .weak: "W/\"v\(source.tagNumber)\""
            case .none: nil
            }
        if source.plan.traffic.alternates, source.requests.isMultiple(of: 2), !isHonest {
            tag = tag.map { "\($0.dropLast())b\"" }
        }
        var range = request.range.map { $0.clamped(to: 0..<size) }
        if let condition = request.ifRange, condition != tag || source.plan.tag != .strong { range = nil }
        if let refusal = source.plan.refusal, request.range != nil { return simple(refusal, path: path) }
        switch fault {
        case .status(let status, let wait):
            return simple(status, path: path, fields: wait.map { [("retry-after", $0)] } ?? [])
        case .overloaded:
            return simple(
                source.plan.traffic.refusal == .tooMany ? 429 : 503, path: path,
                fields: source.plan.traffic.retryAfter.map { [("retry-after", $0)] } ?? [])
        case .ignoresRange: range = nil
        case .page: return simple(200, path: path, fields: [("content-type", "text/html")], text: "<html>log in</html>")
        case .rangeNotSatisfiable where range != nil:
            return simple(416, path: path, fields: [("content-range", "bytes */\(size)")])
        case .redirectLoop: return simple(302, path: path, fields: [("location", Self.url(of: index) + path)])
        case .redirectElsewhere: return simple(302, path: path, fields: [("location", "ftp://elsewhere.test/\(path)")])
        case .redirectToNext:
            let next = (index + 1) % sources.count
            return simple(307, path: path, fields: [("location", Self.url(of: next) + path)])
        default: break
        }
        if range?.isEmpty == true { return simple(416, path: path, fields: [("content-range", "bytes */\(size)")]) }
        return body(of: whole, range, tag, fault, source.plan, path)
    }

    private func body(
        of whole: [UInt8], _ range: Range<Int64>?, _ tag: String?, _ fault: NetworkFault?, _ plan: SourcePlan,
        _ path: String
    ) -> Answer {
        let size = Int64(whole.count)
        var (sent, total) = (range ?? 0..<size, size)
        var length: Int64?
        switch fault {
        case .otherRange(let by) where range != nil:
            sent = (sent.lowerBound + by..<sent.upperBound + by).clamped(to: 0..<size)
        case .part(let count) where range != nil:
            sent = sent.lowerBound..<min(sent.upperBound, sent.lowerBound + max(1, count))
        case .otherTotal(let by): total = max(0, total + by)
        case .shortWhole: length = Int64(sent.count)
        default: break
        }
        var bytes = whole[Int(sent.lowerBound)..<Int(sent.upperBound)]
        var fields: [(name: String, value: String)] = [("content-type", "application/octet-stream")]
        if let tag { fields.append(("etag", tag)) }
        var status = range == nil ? 200 : 206
        switch fault {
        case .shortWhole: status = 200
        case .noContentRange where range != nil: break
        case .multipart where range != nil: fields[0].value = "multipart/byteranges; boundary=x"
        case _ where range != nil:
            fields.append(("content-range", "bytes \(sent.lowerBound)-\(sent.upperBound - 1)/\(total)"))
        default: break
        }
        if range == nil, case .otherTotal = fault { length = total }
        if case .otherLength(let by) = fault { length = max(0, Int64(bytes.count) + by) }
        if case .encoded = fault { fields.append(("content-encoding", "gzip")) }
        if fault != .noLength { fields.append(("content-length", String(length ?? Int64(bytes.count)))) }
        var answer = Answer(
            head: ResponseHead(status: status, fields: fields), body: bytes, chunk: plan.chunk,
            pause: .milliseconds(random.below(20)), path: path)
        switch fault {
        case .drop(let after): answer.end = (Int(after), TransferError(.connectionLost, "reset"))
        case .short(let after): answer.end = (Int(after), nil)
        case .stall(let after):
            answer.end = (Int(after), TransferError(.stalled))
            answer.isStalling = true
        case .flip(let at, let mask) where !bytes.isEmpty:
            bytes[bytes.startIndex + Int(at) % bytes.count] ^= mask
            answer.body = bytes
        case .wrongByte(let at, let mask) where sent.contains(at % max(size, 1)):
            bytes[Int(at % size)] ^= mask
            answer.body = bytes
        case .shifted(let by):
            let start = (Int(sent.lowerBound) + Int(by)) % max(whole.count, 1)
            answer.body = ArraySlice((0..<bytes.count).map { whole[(start + $0) % whole.count] })
        case .overlong(let by): answer.body = ArraySlice(Array(bytes) + [UInt8](repeating: 0x58, count: Int(by)))
        case .oneByOne: answer.chunk = 1
        case .emptyChunks: answer.hasEmptyChunks = true
        case .slow: answer.pause = .milliseconds(900)
        default: break
        }
        // A body that is shorter than its Content-Length is an early end, as libcurl reports it.
        if let length, length > Int64(answer.body.count), answer.end == nil {
            answer.end = (answer.body.count, TransferError(.short))
        }
        return answer
    }

    private func simple(
        _ status: Int, path: String, fields: [(name: String, value: String)] = [], text: String = ""
    ) -> Answer {
        Answer(
            head: ResponseHead(status: status, fields: fields + [("content-length", String(text.utf8.count))]),
            body: ArraySlice(text.utf8), chunk: 1000, pause: .zero, path: path)
    }

    /// The content of a file after this many replacements.
    static func version(_ version: Int, of right: [UInt8]) -> [UInt8] {
        guard version > 0 else { return right }
        // Half of it stays the same, so that a mixture of versions looks right in many places.
        var other = right
        for index in stride(from: 0, to: right.count, by: 97) where index / 4096 % 2 == version % 2 {
            other[index] ^= UInt8(truncatingIfNeeded: version)
        }
        return other
    }
}
