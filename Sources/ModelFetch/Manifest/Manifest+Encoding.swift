internal import Hashing

extension Manifest {
    /// The manifest as JSON in its documented format, ending in a line feed.
    ///
    /// Keys have a fixed order, so that equal manifests give equal texts. Decoding the text gives an equal manifest. Credentials in
    /// sources are included; see ``withoutCredentials``.
    public func json() -> String { jsonValue.text() + "\n" }

    /// The same without the white space that makes it readable.
    func compactJSON() -> String { jsonValue.compactText() + "\n" }

    private var jsonValue: JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "format", value: .string(Self.format)),
            .init(key: "name", value: .string(name)),
            .init(key: "aliases", value: .array(aliases.map { .string($0) })),
            .init(key: "directory", value: .string(directory)),
        ]
        if !description.isEmpty { members.append(.init(key: "description", value: .string(description))) }
        members.append(.init(key: "sources", value: .array(sources.map(\.jsonValue))))
        if let marker { members.append(.init(key: "marker", value: .string(marker.string))) }
        members.append(.init(key: "files", value: .array(files.map(\.jsonValue))))
        return .object(members)
    }
}

extension ManifestSource {
    fileprivate var jsonValue: JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "url", value: .string(url)), .init(key: "rank", value: .integer(Int64(rank))),
        ]
        if let note { members.append(.init(key: "note", value: .string(note))) }
        return .object(members)
    }
}

extension ManifestFile {
    fileprivate var jsonValue: JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "path", value: .string(path.string)),
            // Written as null rather than left out.
            .init(key: "size", value: size.map { .integer($0) } ?? .null),
            .init(key: "sha256", value: sha256.map { .string($0.hex) } ?? .null),
        ]
        if let expected { members.append(.init(key: "expected", value: expected.jsonValue)) }
        if let unpinned { members.append(.init(key: "unpinned", value: .string(unpinned))) }
        if !variants.isEmpty {
            members.append(.init(key: "variants", value: .array(variants.map(\.jsonValue))))
        }
        return .object(members)
    }
}

extension ManifestFile.Expected {
    fileprivate var jsonValue: JSONValue {
        var members: [JSONValue.Member] = []
        if let size { members.append(.init(key: "size", value: .integer(size))) }
        if let sha256 { members.append(.init(key: "sha256", value: .string(sha256.hex))) }
        return .object(members)
    }
}

extension ManifestFile.Variant {
    fileprivate var jsonValue: JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "size", value: .integer(size)), .init(key: "sha256", value: .string(sha256.hex)),
        ]
        if let note { members.append(.init(key: "note", value: .string(note))) }
        return .object(members)
    }
}
