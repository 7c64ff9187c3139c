@testable import Transfer

extension Promises {
    static func ofContentRange(_ input: [UInt8]) throws {
        guard let told = ContentRange(text(input)) else { return }
        let total = told.total.map(String.init) ?? "*"
        switch told.range {
        case .unsatisfied:
            try hold(told.total != nil, "neither range nor total")
            try hold(ContentRange("bytes */\(total)") == told, "it reads back otherwise")
        case .bytes(let range):
            try hold(range.lowerBound >= 0 && !range.isEmpty, "an empty range")
            try hold(range.upperBound <= told.total ?? .max, "a range beyond the total")
            let printed = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)"
            try hold(ContentRange(printed) == told, "it reads back otherwise: \(printed)")
        }
    }

    static func ofRetryAfter(_ input: [UInt8]) throws {
        for now in [nil, HTTPDate(secondsSinceEpoch: 0), HTTPDate(secondsSinceEpoch: 784_111_777)] {
            guard let wait = RetryAfter.duration(text(input), now: now) else { continue }
            try hold(wait >= .zero && wait <= RetryAfter.longest, "a wait of \(wait)")
        }
    }

    static func ofValidator(_ input: [UInt8]) throws {
        let values = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).map {
            text(Array($0))
        }
        var fields = zip(["etag", "last-modified", "date"], values).map { (name: $0, value: $1) }
        fields.removeAll(where: \.value.isEmpty)
        let made = [Validator(ResponseHead(status: 206, fields: fields)), Validator(journalForm: text(input))]
        for validator in made.compactMap({ $0 }) {
            try hold(Validator(journalForm: validator.journalForm) == validator, "it reads back otherwise")
            // It becomes a request field, as it is.
            try hold(validator.ifRange.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "not for a field")
            try hold(validator.journalForm.utf8.count <= 1024, "too long for the journal")
        }
    }

    /// A head, line by line, and what is made of it: nothing outside of what was asked is ever taken.
    static func ofHead(_ input: [UInt8]) throws {
        guard let head = try head(input) else { return }
        try hold((200...999).contains(head.status), "a status of \(head.status)")
        try hold(head.fields.count <= HeadParser.maximumFields, "\(head.fields.count) fields")
        for field in head.fields {
            try hold(HeaderRules.isName(field.name), "a bad field name")
            try hold(!field.value.utf8.contains(0x0A), "a line break in a value")
        }
        var asked: [Range<Int64>?] = [nil, 0..<1, 10..<20, 10..<100, 99..<100, 0 ..< .max, .max - 1 ..< .max]
        if case .bytes(let told)? = head.first("content-range").flatMap(ContentRange.init)?.range {
            // What was told, and a byte more or less at either end.
            for (start, end) in [(0, 0), (0, -1), (0, 1), (1, 0), (-1, 0)] as [(Int64, Int64)] {
                let (start, end) = (told.lowerBound + start, told.upperBound &+ end)
                if start >= 0, start < end { asked.append(start..<end) }
            }
        }
        for asked in asked {
            for total in [nil, 0, 1, 100, .max] as [Int64?] { try holdAsked(head, asked: asked, total: total) }
        }
    }

    private static func head(_ input: [UInt8]) throws(Broken) -> ResponseHead? {
        var parser = HeadParser()
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false) {
            do throws(TransferError) {
                // Lines come with their terminator.
                let line = Array(line) + [0x0A]
                let result = line.withUnsafeBytes { line in
                    Result { () throws(TransferError) in try parser.take(line) }
                }
                if let head = try result.get() { return head }
            } catch {
                try hold(error.detail.unicodeScalars.count <= 401, "a long message")
                return nil
            }
        }
        return nil
    }

    private static func holdAsked(_ head: ResponseHead, asked: Range<Int64>?, total: Int64?) throws(Broken) {
        if let asked, let total, asked.upperBound > total { return }
        let reply: RangeReply
        do throws(TransferError) {
            reply = try RangeReply(judging: head, asked: asked, total: total, fileName: "f")
        } catch {
            try hold(error.retryAfter ?? .zero <= RetryAfter.longest, "a long wait")
            try holdShown(error.detail)
            return
        }
        let told = "\(reply), asked \(String(describing: asked)) of \(String(describing: total))"
        try hold(reply.bodyStart >= 0 && reply.skip >= 0, "it begins before its body: \(told)")
        try hold(reply.start == asked?.lowerBound ?? 0, "it begins elsewhere: \(told)")
        if let end = reply.end {
            try hold(asked == nil || (end > reply.start && end <= asked!.upperBound), "bytes not asked for: \(told)")
            try hold(end <= reply.limit ?? .max, "it ends beyond its limit: \(told)")
            try hold(end <= reply.bodyEnd ?? .max, "it ends beyond its body: \(told)")
        } else {
            try hold(asked == nil && total == nil, "no end: \(told)")
        }
        if let total {
            try hold(reply.limit ?? .max <= total, "bytes beyond the file: \(told)")
            try hold(reply.total ?? total == total, "another file: \(told)")
            try hold(asked != nil || reply.end == total, "not the whole: \(told)")
        }
        try hold(reply.bodyLength ?? 0 >= 0, "a body of less than nothing: \(told)")
        if head.status == 206 { try hold(reply.skip == 0, "a part that begins before: \(told)") }
    }

    static func holdShown(_ text: String) throws(Broken) {
        let bad = text.unicodeScalars.first { $0.properties.generalCategory == .control }
        try hold(bad == nil, "shown as it is: U+\(String(bad?.value ?? 0, radix: 16))")
    }

    /// URLs: what is read is written as it reads back, whether absolute or relative to another.
    static func ofLocation(_ input: [UInt8]) throws {
        let text = text(input)
        if let (url, _) = try? HTTPURL.parse(text) { try holdPlain(url) }
        for base in ["http://h/", "https://h:8443/a/b?q=1", "http://[::1]/x"] {
            let base = try HTTPURL(parsing: base)
            if let url = try? base.resolving(location: text) { try holdPlain(url) }
            if let url = try? base.appending(path: text) {
                try holdPlain(url)
                let below = base.path.utf8.last == 0x2F ? base.path : base.path + "/"
                try hold(url.origin == base.origin && url.path.utf8.starts(with: below.utf8), "it leads elsewhere")
                try hold(url.path.utf8.count > below.utf8.count, "it leads to the directory")
            }
        }
    }

    private static func holdPlain(_ url: HTTPURL) throws {
        let text = url.absoluteString
        try hold(url.scheme == "http" || url.scheme == "https", "another scheme")
        try hold(text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "not for a request line: \(text)")
        try hold((1...65535).contains(url.port) && url.path.utf8.first == 0x2F, "a bad port or path: \(text)")
        let again = try HTTPURL.parse(text)
        try hold(again.userinfo == nil, "a part became a password: \(text)")
        try hold(again.url == url, "it reads back otherwise: \(text) as \(again.url.absoluteString)")
    }
}
