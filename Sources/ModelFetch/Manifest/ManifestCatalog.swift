internal import BuiltInManifests

/// The manifests that are known by name: those that ship with the program and those of the user's directories.
///
/// Creating a catalog never fails. A manifest that cannot be read or breaks a rule becomes one of ``problems`` and does not affect
/// the others; its error is thrown when this manifest is requested.
public struct ManifestCatalog: Sendable {
    /// All usable manifests in the order of a list: first the built-in ones (or those that replace them), then the others.
    public let manifests: [LoadedManifest]
    /// Directories and manifests that cannot be used, with the reasons.
    public let problems: [ManifestError]
    /// What a user should know, such as manifests that hide others, and unknown keys.
    public let warnings: [ManifestWarning]

    /// Creates a catalog of the built-in manifests and of every `*.json` in `directories`.
    ///
    /// A user's manifest hides a built-in one of the same name. Of several manifests of one name in the user's directories the first
    /// counts, by the order of `directories` and then of file names. Each of these cases gives a warning.
    ///
    /// Reads files, and so blocks.
    public init(directories: [String] = []) {
        var builder = Builder()
        for directory in directories { builder.add(directory: directory) }
        builder.addBuiltIn()
        manifests = builder.builtIn + builder.added
        problems = builder.problems
        warnings = builder.warnings
    }

    /// The directories in a list like that of `$MODELFETCH_MANIFESTS`, separated by colons. Empty ones are ignored.
    package static func directories(inList list: String) -> [String] {
        // Split by bytes: a directory may begin with a combining mark, which would form one Character with the colon.
        list.utf8.split(separator: UInt8(ascii: ":")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a model argument is the path of a manifest: it contains a `/` or ends in `.json`.
    package static func isPath(_ model: String) -> Bool {
        model.utf8.contains(UInt8(ascii: "/")) || model.utf8.suffix(5).elementsEqual(".json".utf8)
    }

    /// Reads the manifest in a file. Symbolic links are followed.
    ///
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/missing`` if there is no such file, ``ManifestError/Code/unreadable`` if it
    ///   cannot be read or is not a regular file, or ``ManifestError/Code/invalid`` if it breaks a rule or is larger than 16 MiB.
    public static func load(_ path: String) throws(ManifestError) -> LoadedManifest {
        try Manifest.decode(ManifestFileReader.read(path), from: .file(path))
    }

    /// The manifest that a model argument means: the path of a file (see ``isPath(_:)``), a name or an alias.
    ///
    /// - Throws: what ``load(_:)`` and ``find(_:)`` throw.
    package func resolve(_ model: String) throws(ManifestError) -> LoadedManifest {
        Self.isPath(model) ? try Self.load(model) : try find(model)
    }

    /// The manifest with the given name or alias.
    ///
    /// A name that matches exactly takes precedence over an alias, and both over a name that differs only in case or Unicode
    /// normalization. Among equal matches, a user's manifest takes precedence over a built-in one.
    ///
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/unknownModel`` and a list of the known names; or the error of the user's
    ///   `name.json` if only a built-in manifest could replace it, because silently using another description of the model is not
    ///   what the user asked for.
    public func find(_ name: String) throws(ManifestError) -> LoadedManifest {
        let candidates = manifests.filter { $0.origin != .builtIn } + manifests.filter { $0.origin == .builtIn }
        let key = ManifestPath.folded(name)
        let alike = candidates.filter { $0.manifest.names.contains { ManifestPath.folded($0) == key } }
        let found =
            alike.first { $0.manifest.name.utf8.elementsEqual(name.utf8) }
            ?? alike.first { $0.manifest.names.contains { $0.utf8.elementsEqual(name.utf8) } }
            ?? (alike.count == 1 ? alike.first : nil)

        if found == nil || found?.origin == .builtIn {
            let names = [name] + (found?.manifest.names ?? [])
            if let broken = problems.first(where: { Self.isFile($0.source, calledOneOf: names) }) { throw broken }
        }
        if let found { return found }
        throw unknown(name, alike: alike)
    }

    private func unknown(_ name: String, alike: [LoadedManifest]) -> ManifestError {
        let known = (alike.isEmpty ? manifests : alike).map { loaded in
            let aliases = loaded.manifest.aliases.map { printable($0) }.joined(separator: ", ")
            return printable(loaded.manifest.name) + (aliases.isEmpty ? "" : " (\(aliases))")
        }
        var reason = alike.isEmpty ? "is not a known model; known are " : "could be more than one model: "
        reason += known.joined(separator: ", ")
        if !problems.isEmpty { reason += "; not usable: " + problems.map(\.description).joined(separator: "; ") }
        return ManifestError(.unknownModel, source: name, reason: reason)
    }

    private static func isFile(_ path: String, calledOneOf names: [String]) -> Bool {
        guard let file = path.utf8.split(separator: UInt8(ascii: "/")).last else { return false }
        return names.contains { file.elementsEqual("\($0).json".utf8) }
    }
}

extension ManifestCatalog {
    /// Collects manifests in the order of precedence: the user's before the built-in ones.
    private struct Builder {
        var added: [LoadedManifest] = []
        var builtIn: [LoadedManifest] = []
        var problems: [ManifestError] = []
        var warnings: [ManifestWarning] = []
        /// The owner of each name and alias so far, by its bytes.
        private var owners: [[UInt8]: LoadedManifest] = [:]

        mutating func add(directory: String) {
            do throws(ManifestError) {
                for name in try ManifestFileReader.manifestNames(in: directory) {
                    add(file: directory.utf8.last == UInt8(ascii: "/") ? directory + name : "\(directory)/\(name)")
                }
            } catch {
                problems.append(error)
            }
        }

        private mutating func add(file path: String) {
            do throws(ManifestError) {
                let loaded = try ManifestCatalog.load(path)
                warnings += loaded.warnings
                if claim(loaded) { added.append(loaded) }
            } catch {
                problems.append(error)
            }
        }

        /// A built-in manifest keeps its place in the list if a user's manifest takes its name.
        mutating func addBuiltIn() {
            for (file, bytes) in BuiltInManifests.files {
                do throws(ManifestError) {
                    let loaded = try Manifest.decode(bytes, from: .builtIn)
                    warnings += loaded.warnings
                    if claim(loaded) {
                        builtIn.append(loaded)
                    } else if let index = added.firstIndex(where: { Self.sameName($0, loaded) }) {
                        builtIn.append(added.remove(at: index))
                    }
                } catch {
                    // A test reads all of them. Here, a list without one is better than a program that does not start.
                    problems.append(
                        ManifestError(
                            error.code, source: "built in \(file)", jsonPath: error.jsonPath, reason: error.reason))
                }
            }
        }

        /// Notes the owner of a name and aliases; returns false if the name is taken, so that its owner hides the manifest.
        private mutating func claim(_ loaded: LoadedManifest) -> Bool {
            let name = Array(loaded.manifest.name.utf8)
            if let owner = owners[name], Self.sameName(owner, loaded) {
                warn(owner, "hides the model “\(printable(loaded.manifest.name))” of", loaded)
                return false
            }
            owners[name] = loaded
            for alias in loaded.manifest.aliases {
                if let owner = owners[Array(alias.utf8)] {
                    warn(owner, "takes the name “\(printable(alias))” from", loaded)
                } else {
                    owners[Array(alias.utf8)] = loaded
                }
            }
            return true
        }

        private mutating func warn(_ owner: LoadedManifest, _ what: String, _ other: LoadedManifest) {
            warnings.append(
                ManifestWarning(
                    source: owner.origin.source, jsonPath: nil,
                    reason: "\(what) \(printable(other.origin.source, limit: 1024))"))
        }

        private static func sameName(_ one: LoadedManifest, _ other: LoadedManifest) -> Bool {
            one.manifest.name.utf8.elementsEqual(other.manifest.name.utf8)
        }
    }
}
