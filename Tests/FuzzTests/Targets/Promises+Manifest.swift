import Hashing
import Storage

@testable import ModelFetch

extension Promises {
    /// What is read and written reads back as the same text.
    static func ofJSON(_ input: [UInt8]) throws {
        guard let value = try? StrictJSON.parse(input) else { return }
        let text = value.text()
        let again = try StrictJSON.parse(Array(text.utf8))
        try hold(again.text().utf8.elementsEqual(text.utf8), "JSON reads back otherwise: \(text)")
    }

    /// What is read can be written and read back, and its files can stand side by side below one directory.
    static func ofManifest(_ input: [UInt8]) throws {
        let loaded: LoadedManifest
        do throws(ManifestError) {
            loaded = try Manifest.decode(input, from: .file("input.json"))
        } catch {
            try holdPrintable("\(error)")
            return
        }
        let manifest = loaded.manifest
        let again = try Manifest.decode(Array(manifest.json().utf8), from: .file("again.json")).manifest
        try hold(again == manifest, "the manifest reads back otherwise: \(manifest.json())")
        try hold(again.json() == manifest.json(), "the manifest is written otherwise the second time")
        for warning in loaded.warnings { try holdPrintable("\(warning.jsonPath ?? "") \(warning.reason)") }
        try hold(manifest.plannedBytes >= 0, "the sum of sizes overflowed")
        var (files, journals): (Set<[UInt8]>, Set<[UInt8]>) = ([], [])
        for path in manifest.files.map(\.path) {
            try holdSafe(path)
            for name in [path.string, path.string + StateNames.partialSuffix] {
                try hold(files.insert(Array(name.utf8)).inserted, "two files are called \(name)")
            }
            let isNew = journals.insert(Array(path.flattened.utf8)).inserted
            try hold(isNew, "two journals are called \(path.flattened)")
        }
        for source in manifest.withoutCredentials.sources {
            let authority = source.url.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst(3)
                .prefix { $0 != UInt8(ascii: "/") }
            try hold(!authority.contains(UInt8(ascii: "@")), "a password is left in \(source.url)")
        }
    }

    static func ofPath(_ input: [UInt8]) throws {
        let path: ManifestPath
        do throws(ManifestPath.Invalid) {
            path = try ManifestPath(text(input))
        } catch {
            try holdPrintable(error.reason)
            return
        }
        try holdSafe(path)
        try hold(try ManifestPath(path.string) == path, "the path reads back otherwise")
        try hold(PathCollision.find(in: [path]) == nil, "the path collides with itself")
        try hold(PathCollision.find(in: [path, path])?.kind == .equal, "the path differs from itself")
    }

    /// A path that was taken stays beneath its directory, whoever reads it.
    private static func holdSafe(_ path: ManifestPath) throws {
        let bytes = Array(path.string.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for part in parts {
            try hold(!part.isEmpty && part.count <= 255, "a name of \(part.count) bytes")
            try hold(!part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8), "a dot name")
            try hold(!part.contains(UInt8(ascii: "\\")), "a backslash")
            try hold(part.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character")
        }
        try hold(path.components.joined(separator: "/").utf8.elementsEqual(bytes), "its components are not the path")
        let flat = Array(path.flattened.utf8)
        try hold(!flat.contains(UInt8(ascii: "/")) && flat.count + 8 <= 255, "the journal's name is not a name")
        try hold(unflatten(flat) == bytes, "the journal's name does not tell the path")
    }

    private static func unflatten(_ name: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = name[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            bytes.append(rest.prefix(2).elementsEqual("2F".utf8) ? UInt8(ascii: "/") : UInt8(ascii: "%"))
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// What is shown holds nothing that a terminal would obey, and not everything.
    static func ofPrintable(_ input: [UInt8]) throws {
        for shown in [printable(text(input)), printable(input), printable(input, limit: 3)] {
            try holdPrintable(shown)
            // `\u{10FFFF}` is the longest escape.
            try hold(shown.unicodeScalars.count <= 257 * 10, "too much is shown")
        }
    }

    static func holdPrintable(_ shown: String) throws {
        let bad = shown.unicodeScalars.first { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
        }
        try hold(bad == nil, "shown as it is: U+\(String(bad?.value ?? 0, radix: 16)) in \(shown.debugDescription)")
    }
}
