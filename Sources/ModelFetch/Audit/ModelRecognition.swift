internal import Hashing
internal import Storage

/// Tells which known model a directory holds by looking at small files that only that model has.
struct ModelRecognition {
    /// Larger files are not hashed for this.
    private static let largest: Int64 = 4 << 20

    private let directory: ModelDirectory
    private let known: [Manifest]
    /// What was hashed already, by path; files are shared between models.
    private var digests: [String: SHA256Digest?] = [:]

    init(_ directory: ModelDirectory, among known: [Manifest]) {
        self.directory = directory
        self.known = known
    }

    /// The models of which the directory holds a file that is right and that no other known model has, best match first.
    mutating func models() -> [Manifest] {
        let matches = known.map { manifest in (manifest, distinctiveMatches(of: manifest)) }
        return matches.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    /// How many right files of a manifest the directory holds that no other known model has under that name.
    mutating func distinctiveMatches(of manifest: Manifest) -> Int {
        var count = 0
        for file in manifest.files {
            let digests = Self.digests(of: file)
            guard let actual = digest(of: file), digests.contains(actual) else { continue }
            let isShared = known.contains { other in
                other.name != manifest.name
                    && other.files.contains { $0.path == file.path && Self.digests(of: $0).contains(actual) }
            }
            if !isShared { count += 1 }
        }
        return count
    }

    /// - Throws: a ``Failure`` of kind ``Failure/Kind/data`` if a directory recognisably holds another known model.
    static func refuseOthers(
        than manifest: Manifest, in directory: ModelDirectory, among known: [Manifest]
    ) throws(Failure) {
        var recognition = ModelRecognition(directory, among: known)
        guard let other = recognition.models().first(where: { $0.name != manifest.name }),
            recognition.distinctiveMatches(of: manifest) == 0
        else { return }
        throw Failure(
            .data,
            "\(printable(directory.path)) holds another model, \(other.name), not \(manifest.name); nothing was touched",
            hint: "give another directory, or add --replace to replace that model")
    }

    private static func digests(of file: ManifestFile) -> [SHA256Digest] {
        [file.sha256, file.expected?.sha256].compactMap { $0 } + file.variants.map(\.sha256)
    }

    private mutating func digest(of file: ManifestFile) -> SHA256Digest? {
        let path = file.path.string
        if let cached = digests[path] { return cached }
        var digest: SHA256Digest?
        if let stored = try? StoredFile(path, in: directory), stored.status.size <= Self.largest {
            digest = try? stored.digest { _ throws(CancellationError) in }
        }
        digests[path] = .some(digest)
        return digest
    }
}
