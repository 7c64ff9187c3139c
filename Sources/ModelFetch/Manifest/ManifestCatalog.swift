internal import BuiltInManifests

/// The manifests that are known by name: those that ship with the program and those of the user's directories.
///
/// Making a catalog never fails. A manifest that cannot be read or breaks a rule becomes one of ``problems``, and does
/// not hide the others; it is thrown when it is asked for.
public struct ManifestCatalog: Sendable {
    /// Every usable manifest, in the order of a list: the built-in ones (or those that replace them), then the others.
    public let manifests: [LoadedManifest]
    /// Directories and manifests that are of no use, with the reason.
    public let problems: [ManifestError]
    /// What a user should know: manifests that hide others, unknown keys.
    public let warnings: [ManifestWarning]

    /// A catalog of the built-in manifests and of every `*.json` in `directories`.
    ///
    /// A user's manifest hides the built-in one of the same name; of two in the user's directories the first counts, by
    /// the order of `directories` and then of file names. Both give a warning.
    ///
    /// Reads files, and so blocks: not to be called where that matters.
    public init(directories: [String] = []) {
        var builder = Builder()
        for directory in directories { builder.add(directory: directory) }
        builder.addBuiltIn()
        manifests = builder.builtIn + builder.added
        problems = builder.problems
        warnings = builder.warnings
    }

    /// The directories in a list like that of `$MODELFETCH_MANIFESTS`: separated by colons, empty ones left out.
    package static func directories(inList list: String) -> [String] {
        // By bytes: a directory may begin with a combining mark, which would make one Character of itself and the colon.
        list.utf8.split(separator: UInt8(ascii: ":")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether what the user gave for a model means a manifest file: it holds a `/` or ends in `.json`.
    package static func isPath(_ model: String) -> Bool {
        model.utf8.contains(UInt8(ascii: "/")) || model.utf8.suffix(5).elementsEqual(".json".utf8)
    }

    /// Reads the manifest in a file. Symbolic links are followed.
    ///
    /// - Throws: ``ManifestError``: ``ManifestError/Code/missing`` where there is none,
    ///   ``ManifestError/Code/unreadable`` for what cannot be read or is not a regular file,
    ///   ``ManifestError/Code/invalid`` for what breaks a rule or is over 16 MiB.
    public static func load(_ path: String) throws(ManifestError) -> LoadedManifest {
        try Manifest.decode(ManifestFileReader.read(path), from: .file(path))
    }

    /// The manifest that a user means by `model`: a file's path (see ``isPath(_:)``), a name or an alias.
    ///
    /// - Throws: what ``load(_:)`` and ``find(_:)`` throw.
    package func resolve(_ model: String) throws(ManifestError) -> LoadedManifest {
        Self.isPath(model) ? try Self.load(model) : try find(model)
    }

    /// The manifest called `name`, or with that alias.
    ///
    /// A name that is right to the byte comes before an alias, and both before one that differs only in case or in its
    /// Unicode normalization. Among equals a user's manifest comes before a built-in one.
    ///
    /// - Throws: ``ManifestError``: ``ManifestError/Code/unknownModel`` with a list of those that there are; or what is
    ///   wrong with the user's `name.json`, where nothing but a built-in manifest could stand in for it: to fall back
    ///   silently on another description of the model is not what the user asked for.
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
    /// Gathers manifests in the order of precedence: the user's before the built-in ones.
    private struct Builder {
        var added: [LoadedManifest] = []
        var builtIn: [LoadedManifest] = []
        var problems: [ManifestError] = []
        var warnings: [ManifestWarning] = []
        /// Who has a name or alias already, by its bytes.
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

        /// A built-in manifest keeps its place in the list when a user's takes its name.
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
                    // A test reads them all; a list without one is better than a program that does not start.
                    problems.append(
                        ManifestError(
                            error.code, source: "built in \(file)", jsonPath: error.jsonPath, reason: error.reason))
                }
            }
        }

        /// Notes whose name and aliases these are; false when the name is taken, and the manifest hidden by its owner.
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
