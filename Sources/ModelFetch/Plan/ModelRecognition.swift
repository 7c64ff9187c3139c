internal import Hashing
internal import Storage

/// Recognises which known model a directory holds, by files that only that model has.
///
/// Files with a valid receipt are not read. Of the others, only small ones are read, and only if a known model has a file of that name
/// and size.
struct ModelRecognition {
    /// Larger files are not hashed for this.
    private static let largest: Int64 = 4 << 20

    private let directory: ModelDirectory
    private let known: [Manifest]
    private let receipts: Receipts
    private let bootID: String?
    /// The digests found so far, by path, because models share files.
    private var digests: [ManifestPath: SHA256Digest?] = [:]

    /// - Parameters:
    ///   - known: the models that the directory may hold.
    ///   - receipts: the receipts of the directory.
    ///   - bootID: the identifier of the current boot.
    init(_ directory: ModelDirectory, among known: [Manifest], receipts: Receipts = Receipts(), bootID: String? = nil) {
        self.directory = directory
        self.known = known
        self.receipts = receipts
        self.bootID = bootID
    }

    /// The models of which the directory holds a right file that no other known model has, best match first.
    mutating func models() throws(CancellationError) -> [Manifest] {
        let owners = Owners(known)
        var matches = [Int](repeating: 0, count: known.count)
        for (index, manifest) in known.enumerated() {
            for file in manifest.files where try isOnly(owners, index, file, reading: true) { matches[index] += 1 }
        }
        return known.indices.filter { matches[$0] > 0 }.sorted { matches[$0] > matches[$1] }.map { known[$0] }
    }

    /// The failure if a model must not be downloaded into the directory, because the directory recognisably holds another known model and
    /// nothing of this one.
    ///
    /// - Returns: a ``Failure`` of kind ``Failure/Kind/data``; `nil` if the model may be downloaded.
    mutating func refusal(toHold manifest: Manifest) throws(CancellationError) -> Failure? {
        let others = known.filter { $0.name != manifest.name }
        guard !others.isEmpty else { return nil }
        // A file that both models have is no evidence for either.
        let owners = Owners(others + [manifest])
        for reading in [false, true] {
            for file in manifest.files where try isOnly(owners, others.count, file, reading: reading) { return nil }
        }
        for (index, other) in others.enumerated() {
            for file in other.files where try isOnly(owners, index, file, reading: true) {
                return Failure(
                    .data,
                    "\(printable(directory.path)) holds another model, \(other.name), not \(manifest.name); "
                        + "nothing was touched",
                    remedy: .replaceModel)
            }
        }
        return nil
    }

    /// Throws the failure of ``refusal(toHold:)``, for callers that cannot be cancelled.
    static func refuseOthers(
        than manifest: Manifest, in directory: ModelDirectory, among known: [Manifest]
    ) throws(Failure) {
        var recognition = ModelRecognition(
            directory, among: known, receipts: Receipts(in: directory), bootID: BootID.current())
        if let refusal = (try? recognition.refusal(toHold: manifest)) ?? nil { throw refusal }
    }

    /// Whether the directory holds a file that is right for one manifest only.
    ///
    /// - Parameter reading: whether a file without a valid receipt is read.
    private mutating func isOnly(
        _ owners: Owners, _ index: Int, _ file: ManifestFile, reading: Bool
    ) throws(CancellationError) -> Bool {
        guard let actual = try digest(of: file.path, sizes: owners.sizes(of: file.path), reading: reading) else {
            return false
        }
        return owners.owners(of: file.path, actual) == [index]
    }

    private mutating func digest(
        of path: ManifestPath, sizes: Set<Int64>?, reading: Bool
    ) throws(CancellationError) -> SHA256Digest? {
        if let cached = digests[path] { return cached }
        if Task.isCancelled { throw CancellationError() }
        // Following a link is safe: what is found can only lead to a refusal, never to a write.
        let named = try? directory.status(of: path.string)
        let isLink = named?.kind == .symlink
        let found = isLink ? try? directory.openFollowingLinks(path.string)?.status() : named
        guard let status = found, status.kind == .regular else {
            digests[path] = .some(nil)
            return nil
        }
        if !isLink, let receipt = receipts.unchanged(at: path, status, bootID: bootID) {
            digests[path] = receipt.sha256
            return receipt.sha256
        }
        guard reading else { return nil }
        var digest: SHA256Digest?
        if status.size <= Self.largest, sizes?.contains(status.size) != false {
            digest = try hash(path)
        }
        digests[path] = .some(digest)
        return digest
    }

    /// - Returns: `nil` if the file cannot be read.
    private func hash(_ path: ManifestPath) throws(CancellationError) -> SHA256Digest? {
        do throws(StoredFileError) {
            guard let stored = try? StoredFile(path.string, in: directory, followsLinks: true) else { return nil }
            return try stored.digest { _ throws(CancellationError) in
                if Task.isCancelled { throw CancellationError() }
            }
        } catch {
            if case .cancelled = error { throw CancellationError() }
            return nil
        }
    }
}

/// Which manifests have a file with a given path and digest.
private struct Owners {
    private struct Content {
        var digest: SHA256Digest
        var size: Int64?
        var owner: Int
    }

    private var contents: [ManifestPath: [Content]] = [:]

    init(_ manifests: [Manifest]) {
        for (index, manifest) in manifests.enumerated() {
            for file in manifest.files {
                for digest in [file.sha256, file.expected?.sha256] {
                    guard let digest else { continue }
                    contents[file.path, default: []].append(
                        Content(digest: digest, size: file.plannedSize, owner: index))
                }
                for variant in file.variants {
                    contents[file.path, default: []].append(
                        Content(digest: variant.sha256, size: variant.size, owner: index))
                }
            }
        }
    }

    func owners(of path: ManifestPath, _ digest: SHA256Digest) -> Set<Int> {
        Set((contents[path] ?? []).filter { $0.digest == digest }.map(\.owner))
    }

    /// The sizes that a file of this path may have; `nil` if any size is possible.
    func sizes(of path: ManifestPath) -> Set<Int64>? {
        let contents = contents[path] ?? []
        return contents.contains { $0.size == nil } ? nil : Set(contents.compactMap(\.size))
    }
}
