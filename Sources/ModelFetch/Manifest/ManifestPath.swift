internal import Foundation
internal import Storage

/// The path of a file in a model directory: a relative path that cannot lead outside the directory, wherever it came from.
///
/// A value of this type has passed every check of `docs/manifests.md`: no absolute or empty path, no empty, `.` or `..`
/// component, no backslash, no control or bidirectional characters, no name that modelfetch needs for itself, and room
/// left for its own suffixes within the 255 bytes that file systems give a name.
///
/// Paths are compared, ordered, hashed and validated by their UTF-8 bytes, as the kernel sees them. (`String` compares by canonical
/// equivalence, and takes `/` followed by a combining mark for one character that is not `/`.)
public struct ManifestPath: Sendable {
    /// The path as it stands in the manifest.
    public let string: String

    private let bytes: [UInt8]

    /// The longest path in bytes.
    static let maximumBytes = 1024

    /// Creates a path; throws ``Invalid`` if the path is not safe.
    public init(_ string: String) throws(Invalid) {
        let bytes = Array(string.utf8)
        if let reason = Self.fault(in: bytes, string) { throw Invalid(reason: reason) }
        self.bytes = bytes
        self.string = String(decoding: bytes, as: UTF8.self)
    }

    /// Why a text cannot be a path in a manifest.
    public struct Invalid: Error, Hashable, Sendable {
        /// Continues a sentence that names the path: "is absolute".
        public let reason: String
    }

    /// The components of the path, the last of which is the file's name. Never empty.
    public var components: [String] {
        bytes.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The whole path as a single file name, different for every path: `/` is `%2F` and `%` is `%25`.
    ///
    /// With `.journal` it is at most 255 bytes long.
    package var flattened: String { PartialNames.flatten(string) }
}

// MARK: Rules

extension ManifestPath {
    private static func fault(in bytes: [UInt8], _ string: String) -> String? {
        if bytes.isEmpty { return "is empty" }
        if bytes.count > maximumBytes { return "is longer than \(maximumBytes) bytes" }
        if bytes.first == UInt8(ascii: "/") { return "is absolute" }
        if bytes.last == UInt8(ascii: "/") { return "ends in “/”" }
        if bytes.contains(UInt8(ascii: "\\")) { return "has a backslash" }
        if let scalar = string.unicodeScalars.first(where: \.isUnsafe) {
            return "has the unsafe character \(scalar.escaped)"
        }
        for name in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if let reason = fault(inName: name) { return reason }
        }
        if PartialNames.flatten(string).utf8.count + StateNames.journalSuffix.utf8.count > StateNames.maximumNameBytes {
            return "is too long: its journal's name would have more than \(StateNames.maximumNameBytes) bytes"
        }
        return nil
    }

    private static func fault(inName name: ArraySlice<UInt8>) -> String? {
        if name.isEmpty { return "has an empty component (“//”)" }
        if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
            return "has the component “\(printable(name))”"
        }
        if name.count + StateNames.partialSuffix.utf8.count > StateNames.maximumNameBytes {
            return "has a name longer than \(StateNames.maximumNameBytes - StateNames.partialSuffix.utf8.count) bytes"
        }
        // Folded, because on some file systems `.ModelFetch` is `.modelfetch`.
        let key =
            name.allSatisfy { $0 < 0x80 }
            ? name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            : Array(folded(String(decoding: name, as: UTF8.self)).utf8)
        if key.elementsEqual(StateNames.directory.utf8) {
            return "has the component “\(StateNames.directory)”, where modelfetch keeps its records"
        }
        if key.reversed().starts(with: StateNames.partialSuffix.utf8.reversed()) {
            return "has a name ending in “\(StateNames.partialSuffix)”, which marks unfinished files"
        }
        return nil
    }

    /// What two paths have in common that some file system might take for one: for each component its compatibility
    /// decomposition, without case and without invisible characters.
    ///
    /// Coarser than any one file system (Unicode's caseless matching, with `ß` as `ss` and dotless i as i): a false
    /// alarm costs a manifest's author a new name, a miss costs a reader a file.
    ///
    /// The components are separated by ``keySeparator``, so that comparing keys byte by byte compares component by component.
    var collisionKey: [UInt8] {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return bytes.map { byte in
                switch byte {
                case UInt8(ascii: "/"): Self.keySeparator
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                default: byte
                }
            }
        }
        let names = bytes.split(separator: UInt8(ascii: "/")).map { Self.folded(String(decoding: $0, as: UTF8.self)) }
        return Array(names.map { Array($0.utf8) }.joined(separator: [Self.keySeparator]))
    }

    /// Less than any byte of a name, which can hold no control characters.
    static let keySeparator: UInt8 = 0

    /// A name as the most forgiving file system compares it.
    static func folded(_ name: String) -> String {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return name.lowercased() }
        var visible = String.UnicodeScalarView()
        visible.append(contentsOf: name.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint })
        // Decomposed again at the end: changing case may compose or decompose.
        return String(visible).decomposedStringWithCompatibilityMapping.uppercased().lowercased()
            .decomposedStringWithCompatibilityMapping
    }
}

// MARK: A value by its bytes

extension ManifestPath: Hashable, Comparable, CustomStringConvertible {
    public static func == (first: Self, second: Self) -> Bool { first.bytes == second.bytes }
    public static func < (first: Self, second: Self) -> Bool { first.bytes.lexicographicallyPrecedes(second.bytes) }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
    /// The path itself, so that interpolating it cannot change it. Escape it before printing.
    public var description: String { string }
}
