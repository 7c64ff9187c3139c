/// The files of a model: their paths, sizes and digests, and the sources that have them.
///
/// Every value of this type has passed every rule of `docs/manifests.md`, wherever it came from: its paths are safe and fit into
/// one directory, its sizes add up without overflow, its sources are `http` or `https`, its marker is one of its files, and no text
/// in it contains control characters.
public struct Manifest: Hashable, Sendable {
    /// The name of the model, such as `gpt2-124M`.
    public let name: String
    /// Other names by which it is found.
    public let aliases: [String]
    /// The last component of the model's default directory (`124M` in `models/124M`).
    public let directory: String
    /// A description of the model in one line; may be empty.
    public let description: String
    /// The sources of the files, in the order of the manifest. If there are none, the user must name one.
    public let sources: [ManifestSource]
    /// The file whose presence tells other programs that the model is complete; one of ``files``. It is published last.
    public let marker: ManifestPath?
    /// The files; at least one.
    public let files: [ManifestFile]

    /// The format that this version reads and writes.
    public static let format = "modelfetch-manifest/1"

    /// Creates a manifest from its parts.
    ///
    /// - Parameters:
    ///   - name: The name of the model.
    ///   - aliases: Other names by which it is found.
    ///   - directory: The last component of its default directory; `nil` for the name itself.
    ///   - description: A description in one line.
    ///   - sources: The sources of the files; none if the user must name one.
    ///   - marker: The file that is published last; one of `files`.
    ///   - files: The files; at least one.
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/invalid`` and the JSON path of the faulty value, as it would be in a file.
    ///   Missing sources, missing descriptions, and files without a digest (but with a reason) are not errors.
    public init(
        name: String, aliases: [String] = [], directory: String? = nil, description: String = "",
        sources: [ManifestSource] = [], marker: ManifestPath? = nil, files: [ManifestFile]
    ) throws(ManifestError) {
        do throws(JSONFault) {
            try self.init(
                checking: name, aliases: aliases, directory: directory, description: description, sources: sources,
                marker: marker, files: files)
        } catch {
            throw ManifestError(error, source: name)
        }
    }

    /// The same for the decoder, which reports faults itself because it knows the document.
    init(
        checking name: String, aliases: [String], directory: String?, description: String, sources: [ManifestSource],
        marker: ManifestPath?, files: [ManifestFile]
    ) throws(JSONFault) {
        self.name = name
        self.aliases = aliases
        self.directory = directory ?? name
        self.description = description
        self.sources = sources
        self.marker = marker
        self.files = files
        try checkRules()
    }

    /// All names by which the manifest is found, its own name first.
    public var names: [String] { [name] + aliases }

    /// The total size in bytes of all files whose size is known or expected.
    public var plannedBytes: Int64 { files.reduce(0) { $0 + ($1.plannedSize ?? 0) } }

    /// The known or expected sizes of files in bytes, by path.
    package var plannedSizes: [String: Int64] {
        Dictionary(files.compactMap { file in file.plannedSize.map { (file.path.string, $0) } }) { first, _ in first }
    }

    /// Whether every file has a SHA-256, so that the whole model can be verified.
    public var isPinned: Bool { files.allSatisfy(\.isPinned) }

    /// The file with the given path; `nil` if there is none.
    public func file(at path: ManifestPath) -> ManifestFile? { files.first { $0.path == path } }

    /// The manifest without user names and passwords in its sources, to be shown or stored.
    public var withoutCredentials: Manifest {
        Manifest(
            copying: self, sources: sources.map { .init(url: $0.redactedURL, rank: $0.rank, note: $0.note) })
    }

    /// Removing credentials cannot break a rule.
    private init(copying other: Manifest, sources: [ManifestSource]) {
        name = other.name
        aliases = other.aliases
        directory = other.directory
        description = other.description
        self.sources = sources
        marker = other.marker
        files = other.files
    }
}
