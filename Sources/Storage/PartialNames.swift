/// What the files of a download in progress are called.
package struct PartialNames: Hashable, Sendable {
    /// The file's final name: its path in the manifest.
    package let final: String
    /// The bytes so far.
    package let partial: String
    /// Which of them are good.
    package let journal: String

    /// - Parameters:
    ///   - path: the file's path in the manifest.
    ///   - tag: set where the directory's lock is a no-op, so that two runs never write to one partial.
    package init(path: String, tag: String? = nil) {
        let infix = tag.map { "." + $0 } ?? ""
        final = path
        partial = path + infix + ".partial"
        journal = ModelDirectory.stateName + "/" + Self.flatten(path) + infix + ".journal"
    }

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
