internal import Hashing
internal import Storage

/// A file that has to be fetched, or at least published again, and what its final name holds until then.
struct FileJob: Sendable {
    let file: ManifestFile
    let runner: FailoverRunner
    /// The wrong file under the final name, if there is one.
    let wrong: StoredFile?
    /// Whether it was already verified: a marker that was withdrawn while other files are fetched.
    let wasRight: Bool
    let context: RunContext
    let isRot: Bool
    var size: Int64?
    /// What ``wrong`` is, as far as it is known.
    var judgement = WrongFile.unknown

    init(_ context: RunContext, _ file: ManifestFile, wrong: StoredFile? = nil, isRot: Bool = false) {
        self.context = context
        self.file = file
        self.wrong = wrong
        self.isRot = isRot
        wasRight = false
        runner = FailoverRunner(context, path: file.path.string)
        size = file.size
    }

    /// A verified marker that was withdrawn.
    ///
    /// - Parameter size: its size in bytes.
    init(_ context: RunContext, _ file: ManifestFile, wasRightOf size: Int64) {
        self.context = context
        self.file = file
        wrong = nil
        isRot = false
        wasRight = true
        runner = FailoverRunner(context, path: file.path.string)
        self.size = size
    }

    /// The size that the file must have. Asks the sources if the manifest does not give it.
    func resolveSize() async throws -> Int64 {
        if let size { return size }
        return try await SizeResolution(context, runner: runner).size(of: file)
    }

    /// The additional disk space that it needs, as far as its size is known. A wrong file keeps its space until the right one is
    /// verified.
    func neededBytes() throws(StorageError) -> Int64 {
        guard let size = size ?? file.plannedSize else { return 0 }
        let partial = try context.directory.status(of: PartialNames(path: file.path.string).partial)
        return max(0, size - (partial?.allocated ?? 0))
    }

    /// The state to report once the file is published.
    func state(reused: Int64) -> FileReport.State {
        if wasRight { return .skipped }
        if wrong != nil { return .repaired }
        return reused > 0 ? .resumed : .downloaded
    }
}
