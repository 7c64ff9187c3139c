/// Identifies the version of a file on a server: a strong entity tag, or a modification date that is as reliable.
///
/// Only what may be sent in `If-Range` (RFC 9110 §13.1.5) is accepted: no weak tag, and no date if there is a tag.
package struct Validator: Sendable {
    private enum Kind: String {
        case tag = "etag"
        case date
    }

    private let kind: Kind
    /// The value of an `If-Range` field.
    package let ifRange: String

    /// The validator in a response; `nil` if it has none that is reliable.
    package init?(_ head: ResponseHead) {
        let tags = head.all("etag")
        if let tag = tags.first {
            // A client that has an entity tag, even a weak one, must not send the date instead.
            guard tags.count == 1, Self.isStrongTag(tag) else { return nil }
            (kind, ifRange) = (.tag, tag)
            return
        }
        // RFC 9110 §8.8.2.2: a date is strong only if the response was made at least a second later; otherwise the file
        // may have changed twice within the same second.
        guard head.all("last-modified").count == 1, head.all("date").count == 1,
            let text = head.first("last-modified"), let modified = HTTPDate(text),
            let made = head.first("date").flatMap({ HTTPDate($0) }),
            modified.secondsSinceEpoch < made.secondsSinceEpoch
        else { return nil }
        (kind, ifRange) = (.date, text)
    }

    /// Parses a ``journalForm``; `nil` for text that is not one.
    package init?(journalForm: String) {
        let bytes = journalForm.utf8
        guard let colon = bytes.firstIndex(of: 0x3A), let value = String(bytes[bytes.index(after: colon)...]) else {
            return nil
        }
        switch String(bytes[..<colon]).flatMap(Kind.init(rawValue:)) {
        case .tag where Self.isStrongTag(value): kind = .tag
        case .date where HTTPDate(value) != nil: kind = .date
        default: return nil
        }
        ifRange = value
    }

    /// A stable form for storage: `etag:"…"` or `date:…`.
    package var journalForm: String { kind.rawValue + ":" + ifRange }

    /// RFC 9110 §8.8.3, restricted to ASCII: other bytes may have been replaced in parsing.
    private static func isStrongTag(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return (2...256).contains(bytes.count) && bytes.first == 0x22 && bytes.last == 0x22
            && bytes[1..<(bytes.count - 1)].allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 }
    }
}

extension Validator: Hashable, CustomStringConvertible {
    package var description: String { journalForm }
}
