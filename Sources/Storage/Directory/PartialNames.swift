internal import Hashing

/// The names of the files of an unfinished download.
///
/// No path in a manifest can be one of these names: a manifest can neither name anything in the state directory nor a file
/// that ends in `.partial`.
package struct PartialNames: Hashable, Sendable {
    /// The file's final name: its path in the manifest.
    package let final: String
    /// The file with the bytes received so far.
    package let partial: String
    /// The journal, which records the good ones.
    package let journal: String
    /// Whether the names belong to one run, because the lock does not exclude other runs.
    let isPrivate: Bool

    /// - Parameters:
    ///   - path: the file's path in the manifest.
    ///   - tag: set if the directory's lock has no effect, so that two runs never write to the same partial.
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

    /// The length of a tag, which consists of lower-case hexadecimal digits.
    package static let tagLength = 8

    // Flattened paths have `25` or `2F` after every `%`: neither of these can occur in one.
    private static let tagMark = "%~"
    private static let digestMark = "%sha256-"

    /// A path as a single file name: `%` becomes `%25`, `/` becomes `%2F`.
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
    /// The part of a private name that identifies the path: the flattened path, or its digest if the name would be too long.
    package static func stem(of path: String) -> String {
        let flat = flatten(path)
        let suffix = max(StateNames.partialSuffix.utf8.count, StateNames.journalSuffix.utf8.count)
        let room = StateNames.maximumNameBytes - tagMark.utf8.count - tagLength - suffix
        guard flat.utf8.count > room else { return flat }
        return digestMark + Array(path.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) }.hex
    }

    /// The tags of all private partials and journals, sorted, by the ``stem(of:)`` of their path.
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
