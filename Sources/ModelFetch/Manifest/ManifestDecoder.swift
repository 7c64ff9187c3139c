internal import Hashing

extension Manifest {
    /// Reads a manifest from JSON, strictly.
    ///
    /// - Parameters:
    ///   - json: The whole document: UTF-8, at most 16 MiB.
    ///   - origin: Where it came from, for messages and reports.
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/invalid`` and the JSON path of the first fault. Keys that
    ///   this version does not know are no error; they are ignored with a warning.
    public static func decode(_ json: [UInt8], from origin: ManifestOrigin) throws(ManifestError) -> LoadedManifest {
        do throws(JSONFault) {
            var decoder = ManifestDecoder()
            let manifest = try decoder.manifest(JSONReader(value: StrictJSON.parse(json), path: .root))
            return LoadedManifest(manifest: manifest, origin: origin, warnings: decoder.warnings(from: origin))
        } catch {
            throw ManifestError(error, source: origin.source)
        }
    }
}

/// Decodes the JSON of a manifest, and collects the keys that it does not know.
struct ManifestDecoder {
    private var unknownKeys: [JSONPath] = []

    mutating func manifest(_ root: JSONReader) throws(JSONFault) -> Manifest {
        let object = try root.object()
        // Checked first, because in another version the rest may have any meaning.
        try check(format: object.required("format"))
        note(
            object, ["format", "name", "aliases", "directory", "description", "sources", "marker", "files"])

        var aliases: [String] = []
        for alias in try object.optional("aliases")?.array() ?? [] { aliases.append(try alias.string()) }
        var sources: [ManifestSource] = []
        for source in try object.optional("sources")?.array() ?? [] { sources.append(try self.source(source)) }
        var files: [ManifestFile] = []
        let fileReaders = try object.required("files").array()
        // Checked before any of them is decoded.
        guard fileReaders.count <= Manifest.maximumFiles else {
            throw JSONFault(
                path: .root.key("files"), reason: "has more than \(Manifest.maximumFiles) files: \(fileReaders.count)")
        }
        for file in fileReaders { files.append(try self.file(file)) }
        return try Manifest(
            checking: object.required("name").string(), aliases: aliases,
            directory: object.optional("directory")?.string(),
            description: object.optional("description")?.string() ?? "", sources: sources,
            marker: object.optional("marker").map(path), files: files)
    }

    func warnings(from origin: ManifestOrigin) -> [ManifestWarning] {
        // There may be a hundred thousand unknown keys; the first few are enough.
        let shown = 20
        var warnings = unknownKeys.prefix(shown).map { path in
            ManifestWarning(
                source: origin.source, jsonPath: path.description, reason: "is an unknown key and was ignored")
        }
        if unknownKeys.count > shown {
            let rest = unknownKeys.count - shown
            warnings.append(
                .init(source: origin.source, jsonPath: nil, reason: "\(rest) more unknown keys were ignored"))
        }
        return warnings
    }

    private mutating func note(_ object: JSONObjectReader, _ known: [String]) {
        unknownKeys += object.unknownKeys(besides: known)
    }

    private func check(format reader: JSONReader) throws(JSONFault) {
        let format = try reader.string()
        guard format.utf8.elementsEqual(Manifest.format.utf8) else {
            throw JSONFault(
                path: reader.path,
                reason: "is “\(printable(format, limit: 64))”; this version understands “\(Manifest.format)”")
        }
    }

    // MARK: Parts

    private mutating func source(_ reader: JSONReader) throws(JSONFault) -> ManifestSource {
        if case .string(let url) = reader.value { return ManifestSource(url: url) }
        guard case .object = reader.value else {
            throw JSONFault(
                path: reader.path, reason: "must be a URL or an object with a “url”, not \(reader.value.kind)")
        }
        let object = try reader.object()
        note(object, ["url", "rank", "note"])
        return ManifestSource(
            url: try object.required("url").string(), rank: Int(try object.optional("rank")?.integer() ?? 0),
            note: try object.optional("note")?.string())
    }

    private mutating func file(_ reader: JSONReader) throws(JSONFault) -> ManifestFile {
        let object = try reader.object()
        note(object, ["path", "size", "sha256", "expected", "unpinned", "variants"])
        var variants: [ManifestFile.Variant] = []
        for variant in try object.optional("variants")?.array() ?? [] { variants.append(try self.variant(variant)) }
        return ManifestFile(
            path: try path(object.required("path")), size: try object.optional("size")?.integer(),
            sha256: try digest(object.optional("sha256")), expected: try expected(object.optional("expected")),
            unpinned: try object.optional("unpinned")?.string(), variants: variants)
    }

    private mutating func expected(_ reader: JSONReader?) throws(JSONFault) -> ManifestFile.Expected? {
        guard let object = try reader?.object() else { return nil }
        note(object, ["size", "sha256"])
        return .init(size: try object.optional("size")?.integer(), sha256: try digest(object.optional("sha256")))
    }

    private mutating func variant(_ reader: JSONReader) throws(JSONFault) -> ManifestFile.Variant {
        let object = try reader.object()
        note(object, ["size", "sha256", "note"])
        let sha256 = try object.required("sha256")
        guard let digest = try digest(sha256) else { throw JSONFault(path: sha256.path, reason: "is missing") }
        return .init(
            size: try object.required("size").integer(), sha256: digest, note: try object.optional("note")?.string())
    }

    private func path(_ reader: JSONReader) throws(JSONFault) -> ManifestPath {
        let text = try reader.string()
        do throws(ManifestPath.Invalid) {
            return try ManifestPath(text)
        } catch {
            throw JSONFault(path: reader.path, reason: "“\(printable(text))” \(error.reason)")
        }
    }

    private func digest(_ reader: JSONReader?) throws(JSONFault) -> SHA256Digest? {
        guard let reader else { return nil }
        let text = try reader.string()
        guard let digest = SHA256Digest(hex: text) else {
            throw JSONFault(
                path: reader.path, reason: "must be 64 hexadecimal digits, not “\(printable(text, limit: 80))”")
        }
        return digest
    }
}
