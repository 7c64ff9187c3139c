/// The files of a server: named ones and, for all other paths, those of an optional directory.
package struct Content: Sendable, ExpressibleByDictionaryLiteral {
    package var files: [String: ServedFile]
    /// Searched for paths that are not in ``files``.
    package var directory: String?

    /// - Parameter files: by path, without the leading slash.
    package init(_ files: [String: ServedFile] = [:], directory: String? = nil) {
        self.files = files
        self.directory = directory
    }

    package init(dictionaryLiteral elements: (String, ServedFile)...) {
        self.init(Dictionary(elements) { _, last in last })
    }

    package static func bytes(_ files: [String: [UInt8]]) -> Content {
        Content(files.mapValues { .bytes($0) })
    }

    package static func directory(_ path: String) -> Content {
        Content(directory: path)
    }

    /// The file at this path, in its current state.
    package func file(_ path: String) -> ServedFile? {
        if let file = files[path] { return file }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // Even a test server must not serve files outside its directory.
        guard let directory, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !path.utf8.contains(0)
        else { return nil }
        return try? .onDisk(directory + "/" + path)
    }
}
