/// The rules that go beyond the types of values. A fault names the JSON path of the value that breaks the rule.
extension Manifest {
    static let maximumFiles = 100_000
    static let maximumNameBytes = 128
    static let maximumTextBytes = 4096
    /// The largest size: every JSON parser can represent it, and no disk is that large.
    static let maximumSize = StrictJSON.maximumInteger

    func checkRules() throws(JSONFault) {
        try checkNames()
        try Self.check(text: description, at: .root.key("description"))
        for (index, source) in sources.enumerated() {
            try Self.check(source, at: .root.key("sources").index(index))
        }
        let filesPath = JSONPath.root.key("files")
        guard (1...Self.maximumFiles).contains(files.count) else {
            let count = files.isEmpty ? "no file" : "\(files.count) files"
            throw JSONFault(path: filesPath, reason: "has \(count), where 1 to \(Self.maximumFiles) are allowed")
        }
        var total: Int64 = 0
        for (index, file) in files.enumerated() {
            try Self.check(file, at: filesPath.index(index))
            let (sum, overflow) = total.addingReportingOverflow(file.plannedSize ?? 0)
            guard !overflow else {
                throw JSONFault(
                    path: filesPath.index(index).key("size"), reason: "makes the sum of all sizes exceed 2^63 - 1")
            }
            total = sum
        }
        try checkCollisions(at: filesPath)
        if let marker, file(at: marker) == nil {
            throw JSONFault(path: .root.key("marker"), reason: "“\(printable(marker.string))” is not one of the files")
        }
    }

    // MARK: Names and texts

    private func checkNames() throws(JSONFault) {
        try Self.check(name: name, at: .root.key("name"))
        var seen: Set<[UInt8]> = [Array(name.utf8)]
        for (index, alias) in aliases.enumerated() {
            let path = JSONPath.root.key("aliases").index(index)
            try Self.check(name: alias, at: path)
            guard seen.insert(Array(alias.utf8)).inserted else {
                throw JSONFault(path: path, reason: "repeats the name “\(printable(alias))”")
            }
        }
        let path = JSONPath.root.key("directory")
        do throws(ManifestPath.Invalid) {
            let components = try ManifestPath(directory).components
            guard components.count == 1 else {
                throw ManifestPath.Invalid(reason: "must be a single name, without “/”")
            }
        } catch {
            throw JSONFault(path: path, reason: "“\(printable(directory))” \(error.reason)")
        }
    }

    /// A name is typed on a command line, where it must not be taken for an option or for the path of a manifest.
    private static func check(name: String, at path: JSONPath) throws(JSONFault) {
        func fault(_ reason: String) -> JSONFault {
            JSONFault(path: path, reason: "“\(printable(name))” \(reason)")
        }
        let bytes = name.utf8
        guard (1...maximumNameBytes).contains(bytes.count) else {
            throw fault("must be 1 to \(maximumNameBytes) bytes long")
        }
        if let scalar = name.unicodeScalars.first(where: \.isUnsafe) {
            throw fault("has the unsafe character \(scalar.escaped)")
        }
        if bytes.contains(UInt8(ascii: "/")) || bytes.contains(UInt8(ascii: "\\")) {
            throw fault("must not contain “/” or a backslash")
        }
        if bytes.first == UInt8(ascii: "-") { throw fault("must not begin with “-”, like an option") }
        if let first = name.unicodeScalars.first, let last = name.unicodeScalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        {
            throw fault("must not begin or end with white space")
        }
        if ManifestCatalog.isPath(name) { throw fault("must not end in “.json”, like a manifest file") }
    }

    private static func check(text: String?, at path: JSONPath) throws(JSONFault) {
        guard let text else { return }
        guard text.utf8.count <= maximumTextBytes else {
            throw JSONFault(path: path, reason: "is longer than \(maximumTextBytes) bytes")
        }
        if let scalar = text.unicodeScalars.first(where: \.isUnsafe) {
            throw JSONFault(path: path, reason: "has the unsafe character \(scalar.escaped)")
        }
    }

    // MARK: Sources and files

    private static func check(_ source: ManifestSource, at path: JSONPath) throws(JSONFault) {
        if let reason = source.faultInURL { throw JSONFault(path: path.key("url"), reason: reason) }
        guard source.rank >= 0 else { throw JSONFault(path: path.key("rank"), reason: "must not be negative") }
        try check(text: source.note, at: path.key("note"))
    }

    private static func check(_ file: ManifestFile, at path: JSONPath) throws(JSONFault) {
        try check(size: file.size, at: path.key("size"))
        try check(text: file.unpinned, at: path.key("unpinned"))
        if let reason = file.unpinned {
            guard file.size == nil || file.sha256 == nil else {
                throw JSONFault(
                    path: path.key("unpinned"), reason: "must be left out: the size and the sha256 are both known")
            }
            guard reason.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
                throw JSONFault(path: path.key("unpinned"), reason: "must say why the size or sha256 is not known")
            }
        } else if file.size == nil || file.sha256 == nil {
            let key = file.size == nil ? "size" : "sha256"
            throw JSONFault(
                path: path.key(key), reason: "is missing; where it is not known, “unpinned” must say why")
        }
        if let expected = file.expected { try check(expected, of: file, at: path.key("expected")) }
        for (index, variant) in file.variants.enumerated() {
            let path = path.key("variants").index(index)
            try check(size: variant.size, at: path.key("size"))
            try check(text: variant.note, at: path.key("note"))
        }
    }

    private static func check(
        _ expected: ManifestFile.Expected, of file: ManifestFile, at path: JSONPath
    ) throws(JSONFault) {
        try check(size: expected.size, at: path.key("size"))
        if expected.size == nil, expected.sha256 == nil {
            throw JSONFault(path: path, reason: "must have a size or a sha256")
        }
        // A known value needs no expected one, and a different one would contradict it.
        if expected.size != nil, file.size != nil {
            throw JSONFault(path: path.key("size"), reason: "must be left out: the size is known")
        }
        if expected.sha256 != nil, file.sha256 != nil {
            throw JSONFault(path: path.key("sha256"), reason: "must be left out: the sha256 is known")
        }
    }

    private static func check(size: Int64?, at path: JSONPath) throws(JSONFault) {
        guard let size else { return }
        guard (0...maximumSize).contains(size) else {
            throw JSONFault(path: path, reason: "must be from 0 to 2^53, not \(size)")
        }
    }

    private func checkCollisions(at filesPath: JSONPath) throws(JSONFault) {
        guard let collision = PathCollision.find(in: files.map(\.path)) else { return }
        let other = printable(files[collision.first].path.string)
        let otherPath = filesPath.index(collision.first).key("path")
        let what =
            switch collision.kind {
            case .equal: "is the same path as"
            case .folded: "is the same name, on some file systems, as"
            case .directory: "cannot be in the same directory as"
            }
        throw JSONFault(
            path: filesPath.index(collision.second).key("path"),
            reason: "“\(printable(files[collision.second].path.string))” \(what) “\(other)” (\(otherPath))")
    }
}
