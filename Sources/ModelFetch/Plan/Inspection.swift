internal import Hashing
internal import Storage
internal import Transfer

/// Finds out what stands under the final names before anything is fetched.
struct Inspection: Sendable {
    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// What stands under a file's final name. Hashes it, unless a receipt tells.
    ///
    /// - Throws: `StorageError` for what cannot be read or is no regular file, and `CancellationError`.
    func standing(of file: ManifestFile) throws -> FileState {
        let path = file.path.string
        guard let status = try context.directory.status(of: path) else { return .absent }
        let receipt = context.receipt(of: file, status)
        if !context.options.recheck, let receipt { return .verified(receipt.sha256) }
        guard let stored = try StoredFile(path, in: context.directory) else { return .absent }
        // A known size that differs spares the reading.
        if let size = file.plannedSize, size != stored.status.size { return .wrong(stored, isRot: false) }
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
        // What two sources have contradicted once, and was noted, is not in doubt again.
        if !file.isPinned, let expected = file.expected?.sha256, expected != digest,
            context.localPin(of: file) != digest
        {
            return .wrong(stored, isRot: false)
        }
        // The manifest cannot say that it is right; that it is no longer what was seen first says that it is not.
        let isRot = receipt != nil && status.hasFineTimes
        if let pin = context.localPin(of: file), pin != digest { return .wrong(stored, isRot: isRot) }
        let identity = FileIdentity(path: path, size: stored.status.size, sha256: file.sha256)
        guard let verified = stored.verified(digest, as: identity) else { return .wrong(stored, isRot: isRot) }
        if !context.isReadOnly {
            try context.record(file, digest, try context.publisher.adopt(verified, hashedAs: stored.status))
        }
        return .verified(digest)
    }

    /// What a wrong file is, as far as samples of it can tell. Changes nothing.
    ///
    /// - Throws: ``Failure`` when no source tells, or `CancellationError`.
    func judge(_ stored: StoredFile, of file: ManifestFile, size: Int64, loop: FailoverRunner) async throws -> WrongFile
    {
        let path = file.path.string
        context.emit(.phase(path: path, .comparing))
        var random = context.runtime.random
        let ranges = WrongFile.sampleRanges(of: min(stored.status.size, size), using: &random)
        var wrong = 0
        for (index, range) in ranges.enumerated() {
            guard let theirs = try await sample(range, of: file, size: size, loop: loop) else { return .unknown }
            if try stored.bytes(at: range.lowerBound, count: range.count) != theirs { wrong += 1 }
            if let judgement = WrongFile.judgement(wrong: wrong, compared: index + 1, of: ranges.count) {
                return judgement
            }
        }
        return .unknown
    }

    /// - Returns: `nil` if the source gives no ranges: to skip half a file for each sample would cost more than the file.
    private func sample(
        _ range: Range<Int64>, of file: ManifestFile, size: Int64, loop: FailoverRunner
    ) async throws -> [UInt8]? {
        let path = file.path.string
        let stake = AttemptContext(offset: range.lowerBound, kept: "the file that is there was not touched")
        return try await loop.run(stake) { source, index in
            let request = FetchRequest(
                url: try source.base.appending(path: path), credentials: source.credentials, range: range,
                total: size, validator: nil, fileName: path)
            let body = try await loop.open(request, from: index)
            defer {
                body.cancel()
                loop.count(body)
            }
            guard body.reply.skip <= WrongFile.sampleBytes else { return nil }
            var bytes: [UInt8] = []
            while let piece = try await body.next() {
                if case .bytes(_, let chunk) = piece { chunk.withBytes { bytes += $0 } }
            }
            guard bytes.count == range.count else {
                throw TransferError(.short, "\(bytes.count) of \(range.count) bytes came")
            }
            loop.received(bytes.count, from: index, isEnd: true)
            return bytes
        }
    }
}
