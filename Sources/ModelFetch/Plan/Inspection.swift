internal import Hashing
internal import Storage
internal import Transfer

/// Finds out what stands under the final names before anything is fetched.
struct Inspection: Sendable {
    /// A wrong file of at least this size may be somebody's work; a smaller one is an error page or a stump.
    static let precious: Int64 = 1 << 20
    /// How much of a wrong file is compared with the source at each of three places.
    private static let sampleBytes: Int64 = 64 << 10

    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// What stands under a file's final name. Hashes it, unless a receipt tells.
    ///
    /// - Throws: `StorageError` for what cannot be read or is no regular file, and `CancellationError`.
    func standing(of file: ManifestFile) throws -> Standing {
        let path = file.path.string
        guard let status = try context.directory.status(of: path) else { return .absent }
        if !context.options.recheck, let receipt = context.receipt(of: file, status) {
            return .verified(receipt.sha256)
        }
        guard let stored = try StoredFile(path, in: context.directory) else { return .absent }
        // A known size that differs spares the reading.
        if let size = file.plannedSize, size != stored.status.size { return .wrong(stored) }
        context.emit(.phase(path: path, .hashing))
        let digest: SHA256Digest
        do throws(StoredFileError) {
            digest = try stored.digest { _ throws(CancellationError) in
                if Task.isCancelled { throw CancellationError() }
            }
        } catch {
            switch error {
            case .storage(let error): throw error
            case .cancelled: throw CancellationError()
            }
        }
        if !file.isPinned, let expected = file.expected?.sha256, expected != digest { return .wrong(stored) }
        // The manifest cannot say that it is right; that it is no longer what was seen first says that it is not.
        if let pin = context.localPin(of: file), pin != digest { return .wrong(stored) }
        let identity = FileIdentity(path: path, size: stored.status.size, sha256: file.sha256)
        guard let verified = stored.verified(digest, as: identity) else { return .wrong(stored) }
        try context.record(file, digest, try context.publisher.adopt(verified))
        return .verified(digest)
    }

    /// Whether a wrong file is a damaged or cut-off copy of the right one: it agrees with the source at one of three places.
    ///
    /// - Throws: ``Failure`` when no source tells, or `CancellationError`.
    func isCopy(_ stored: StoredFile, of file: ManifestFile, size: Int64, loop: SourceLoop) async throws -> Bool {
        let path = file.path.string
        context.emit(.phase(path: path, .comparing))
        let length = min(stored.status.size, size)
        let count = min(Self.sampleBytes, length)
        guard count > 0 else { return true }
        for offset in [0, (length - count) / 2, length - count] {
            let range = offset..<offset + count
            let stake = SourceLoop.Stake(offset: offset, kept: "the file that stands there was not touched")
            let theirs = try await loop.run(stake) { source, _ in
                let request = FetchRequest(
                    url: try source.base.appending(path: path), credentials: source.credentials, range: range,
                    total: size, validator: nil, fileName: path)
                let body = try await context.fetcher.open(request)
                defer {
                    body.cancel()
                    loop.count(body)
                }
                var bytes: [UInt8] = []
                while let piece = try await body.next() {
                    if case .bytes(_, let chunk) = piece { chunk.withBytes { bytes += $0 } }
                }
                guard bytes.count == range.count else {
                    throw TransferError(.short, "\(bytes.count) of \(range.count) bytes came")
                }
                return bytes
            }
            if try stored.bytes(at: offset, count: Int(count)) == theirs { return true }
        }
        return false
    }
}
