/// The files of a model: where they lie, how long they are, what they hash to, and where to get them.
///
/// A manifest that exists has passed every rule of `docs/manifests.md`, wherever it came from: its paths are safe and can all
/// stand in one directory, its sizes add up without overflow, its sources are `http` or `https`, its marker is one of its
/// files, and no text in it holds control characters.
public struct Manifest: Hashable, Sendable {
    /// What the model is called, such as `gpt2-124M`.
    public let name: String
    /// Other names by which it is found.
    public let aliases: [String]
    /// The last component of the directory that the model goes to by default (`models/124M`).
    public let directory: String
    /// What the model is, in a line; empty where nothing was said.
    public let description: String
    /// Where to get the files, in the order of the manifest; empty where the user has to say.
    public let sources: [ManifestSource]
    /// The file whose presence tells other programs that the model is there: published last. One of ``files``.
    public let marker: ManifestPath?
    /// The files, one at least.
    public let files: [ManifestFile]

    /// The format that this version reads and writes.
    public static let format = "modelfetch-manifest/1"

    /// A manifest from its parts.
    ///
    /// - Parameters:
    ///   - name: What the model is called.
    ///   - aliases: Other names by which it is found.
    ///   - directory: The last component of its default directory; the name itself when `nil`.
    ///   - description: What it is, in a line.
    ///   - sources: Where to get the files; none if the user has to say.
    ///   - marker: The file that is published last; one of `files`.
    ///   - files: The files, one at least.
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/invalid`` and the JSON path that the broken rule would have
    ///   in a file. Missing sources, missing descriptions and files without a digest (but with a reason) are not errors.
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

    /// The same for the decoder, which knows better than this type which document is wrong.
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

    /// Every name by which the manifest is found: its own first.
    public var names: [String] { [name] + aliases }

    /// The bytes of all files whose size is known or expected.
    public var plannedBytes: Int64 { files.reduce(0) { $0 + ($1.plannedSize ?? 0) } }

    /// The size in bytes of each file of which it is known or expected, by path.
    package var plannedSizes: [String: Int64] {
        Dictionary(files.compactMap { file in file.plannedSize.map { (file.path.string, $0) } }) { first, _ in first }
    }

    /// Whether every file has a SHA-256, so that the whole model can be verified.
    public var isPinned: Bool { files.allSatisfy(\.isPinned) }

    /// The file at `path`; `nil` if the manifest has none there.
    public func file(at path: ManifestPath) -> ManifestFile? { files.first { $0.path == path } }

    /// The manifest as it may be shown or kept: user names and passwords are taken out of its sources.
    public var withoutCredentials: Manifest {
        Manifest(
            copying: self, sources: sources.map { .init(url: $0.redactedURL, rank: $0.rank, note: $0.note) })
    }

    /// Taking credentials out breaks no rule.
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
