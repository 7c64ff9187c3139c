internal import Hashing

/// What the files of a download in progress are called.
///
/// No path in a manifest can be one of these names: a manifest may neither name anything in the state directory nor end a
/// name in `.partial`.
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
        final = path
        isPrivate = tag != nil
        if let tag {
            let own = StateNames.directory + "/" + Self.stem(of: path) + Self.tagMark + tag
            partial = own + StateNames.partialSuffix
            journal = own + StateNames.journalSuffix
        } else {
            partial = path + StateNames.partialSuffix
            journal = StateNames.directory + "/" + Self.flatten(path) + StateNames.journalSuffix
        }
    }

    /// How long a tag is: hexadecimal digits in lower case.
    package static let tagLength = 8

    // Flattened paths have `25` or `2F` after every `%`: neither of these two can occur in one.
    private static let tagMark = "%~"
    private static let digestMark = "%sha256-"

    /// A path as one plain name: `%` as `%25`, `/` as `%2F`.
    package static func flatten(_ path: String) -> String {
        guard path.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "/") }) else { return path }
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

// MARK: Private names

extension PartialNames {
    /// What stands for a path in the private names of its files: the flattened path, or where that would make a name too
    /// long, the path's digest.
    package static func stem(of path: String) -> String {
        let flat = flatten(path)
        let suffix = max(StateNames.partialSuffix.utf8.count, StateNames.journalSuffix.utf8.count)
        let room = StateNames.maximumNameBytes - tagMark.utf8.count - tagLength - suffix
        guard flat.utf8.count > room else { return flat }
        return digestMark + Array(path.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) }.hex
    }

    /// The tags under which there are private partials or journals, in order, by the ``stem(of:)`` of their path.
    ///
    /// - Parameter names: the names in the state directory.
    package static func privateTags(among names: some Sequence<String>) -> [String: [String]] {
        var tags: [String: Set<String>] = [:]
        for name in names {
            if let (stem, tag) = parts(ofPrivate: name) { tags[stem, default: []].insert(tag) }
        }
        return tags.mapValues { $0.sorted() }
    }

    private static func parts(ofPrivate name: String) -> (stem: String, tag: String)? {
        for suffix in [StateNames.partialSuffix, StateNames.journalSuffix] {
            guard let body = without(suffix, Array(name.utf8)), body.count > tagLength else { continue }
            let tag = body.suffix(tagLength)
            let isHex = tag.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            guard isHex, let stem = without(tagMark, body.dropLast(tagLength)), !stem.isEmpty else { return nil }
            return (String(decoding: stem, as: UTF8.self), String(decoding: tag, as: UTF8.self))
        }
        return nil
    }

    private static func without(_ suffix: String, _ bytes: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard bytes.count >= suffix.utf8.count, bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else {
            return nil
        }
        return Array(bytes.dropLast(suffix.utf8.count))
    }
}
