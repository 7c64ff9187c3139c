/// What a server has: named files, and behind them, if given, a directory.
package struct Content: Sendable, ExpressibleByDictionaryLiteral {
    package var files: [String: ServedFile]
    /// Looked into for names that ``files`` does not have.
    package var directory: String?

    /// - Parameter files: by path, without a first slash.
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

    /// The file of this path as it is now.
    package func file(_ path: String) -> ServedFile? {
        if let file = files[path] { return file }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // A test server, but still not one that reads the whole machine out to the network.
        guard let directory, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !path.utf8.contains(0)
        else { return nil }
        return try? .onDisk(directory + "/" + path)
    }
}
