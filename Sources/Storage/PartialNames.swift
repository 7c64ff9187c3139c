/// What the files of a download in progress are called.
package struct PartialNames: Hashable, Sendable {
    /// The file's final name: its path in the manifest.
    package let final: String
    /// The bytes so far.
    package let partial: String
    /// Which of them are good.
    package let journal: String
    /// Whether they are one run's own, because no lock keeps others out.
    let isPrivate: Bool

    /// - Parameters:
    ///   - path: the file's path in the manifest.
    ///   - tag: set where the directory's lock is a no-op, so that two runs never write to one partial.
    package init(path: String, tag: String? = nil) {
        let infix = tag.map { "." + $0 } ?? ""
        final = path
        isPrivate = tag != nil
        partial = path + infix + ".partial"
        journal = ModelDirectory.stateName + "/" + Self.flatten(path) + infix + ".journal"
    }

    /// The tags under which a path has private partials or journals.
    ///
    /// - Parameters:
    ///   - journals: the names in the state directory.
    ///   - partials: the names in the directory where the file belongs.
    package static func tags(of path: String, among journals: [String], and partials: [String]) -> [String] {
        let last = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
        let name = String(decoding: path.utf8[last...], as: UTF8.self)
        let found =
            journals.compactMap { tag(in: $0, after: flatten(path), before: ".journal") }
            + partials.compactMap { tag(in: $0, after: name, before: ".partial") }
        return Set(found).sorted()
    }

    /// What stands between, if it has the form of a tag.
    private static func tag(in name: String, after prefix: String, before suffix: String) -> String? {
        let bytes = Array(name.utf8)
        let (start, end) = (Array(prefix.utf8) + [UInt8(ascii: ".")], Array(suffix.utf8))
        guard bytes.count == start.count + tagLength + end.count, bytes.starts(with: start),
            bytes.suffix(end.count).elementsEqual(end)
        else { return nil }
        let tag = bytes[start.count..<start.count + tagLength]
        let isHex = tag.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isHex ? String(decoding: tag, as: UTF8.self) : nil
    }

    /// How long a tag is: hexadecimal digits in lower case.
    package static let tagLength = 8

    /// A path as one plain name: `%` as `%25`, `/` as `%2F`.
    package static func flatten(_ path: String) -> String {
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "%"): bytes += "%25".utf8
            case UInt8(ascii: "/"): bytes += "%2F".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
