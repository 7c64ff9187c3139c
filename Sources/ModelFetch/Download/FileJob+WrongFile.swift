internal import Hashing
internal import Storage

/// What is done about a wrong file under the final name.
extension FileJob {
    /// Decides whether the wrong file may be replaced. Changes nothing.
    ///
    /// - Throws: a ``Failure`` if it may not, or if no source can be asked, and `CancellationError`.
    mutating func settle() async throws {
        guard let wrong, !context.options.replacesForeignFiles else { return }
        judgement = WrongFile(
            size: wrong.status.size, front: try wrong.bytes(at: 0, count: 256), isRot: isRot, name: file.path.string)
        guard judgement == .unknown else { return }
        let size = try await resolveSize()
        self.size = size
        judgement = try await SampleComparison(context, runner: runner).judge(wrong, of: file, size: size)
        // Failures of samples do not count against the download.
        runner.forgive()
        if judgement == .foreign { throw refusal(of: wrong, kept: "") }
    }

    private func refusal(of wrong: StoredFile, kept: String) -> Failure {
        Failure(
            .data, file: file.path.string,
            "a different file (\(roundedBytes(wrong.status.size))) already exists; it was not touched" + kept,
            remedy: .replaceFile)
    }

    /// Makes the partial file from a copy that was truncated or lengthened, so that the bytes it shares with the right file need not be
    /// fetched.
    ///
    /// Not done for a damaged copy of the right size, because nothing tells which of its bytes are good, nor without a digest, because
    /// nothing would tell whether its bytes belong together with those that are fetched.
    func makeRoom(size: Int64) throws(StorageError) {
        let names = context.partials.names(of: file)
        // An existing partial file is worth more than a copy that is known to be wrong.
        guard let wrong, judgement == .damaged, wrong.status.size >= WrongFile.precious, wrong.status.size != size,
            file.isPinned || file.expected?.sha256 != nil,
            try context.directory.status(of: PartialNames(path: file.path.string).partial) == nil
        else { return }
        try wrong.share(
            asPartial: names, size: size, in: context.directory,
            scratch: context.runtime.random.bytes(BlockChecksummer.keyByteCount))
    }

    /// The file under the final name, if it may be replaced without being kept.
    ///
    /// - Throws: a ``Failure`` if it turns out to be a different file, now that it can be compared with the right one.
    func expendable(for verified: VerifiedFile) throws -> FileStatus? {
        guard let wrong else { return nil }
        if context.options.replacesForeignFiles || judgement == .rot { return wrong.status }
        // If the right file is a web page itself, a web page is no error page.
        if judgement == .stump, !WrongFile.isPage(try verified.prefix(256), file.path.string) { return wrong.status }
        guard judgement == .unknown else { return nil }
        guard try likeness(of: wrong, to: verified).isDamage else {
            throw refusal(of: wrong, kept: "; the right file was fetched and is kept beside it as a partial file")
        }
        return nil
    }

    private func likeness(of wrong: StoredFile, to verified: VerifiedFile) throws -> Likeness {
        do throws(StoredFileError) {
            return try wrong.likeness(to: verified) { () throws(CancellationError) in
                if Task.isCancelled { throw CancellationError() }
            }
        } catch {
            switch error {
            case .storage(let error): throw error
            case .cancelled: throw CancellationError()
            }
        }
    }
}
