internal import Hashing
internal import Storage

/// A file that has to be fetched, or at least to be put in its place: what stands there, and what may be done about it.
struct FileJob: Sendable {
    let file: ManifestFile
    let runner: FailoverRunner
    /// Another file that stands under the final name.
    let wrong: StoredFile?
    /// Whether it stood there and was right: a marker that steps back for others.
    let wasRight: Bool
    let context: RunContext
    let isRot: Bool
    var size: Int64?
    /// What `wrong` is, as far as it is known.
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

    /// A marker that stood there, was right, and has stepped back.
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

    /// The size that the file must have; asks the sources where the manifest does not say.
    func resolveSize() async throws -> Int64 {
        if let size { return size }
        return try await SizeResolution(context, runner: runner).size(of: file)
    }

    /// The bytes of disk that it takes besides those that it has, as far as its size is known. What stands under its name stays
    /// until it is there, and so is of no help.
    func neededBytes() throws(StorageError) -> Int64 {
        guard let size = size ?? file.plannedSize else { return 0 }
        let partial = try context.directory.status(of: PartialNames(path: file.path.string).partial)
        return max(0, size - (partial?.allocated ?? 0))
    }

    /// What became of the file once it is published.
    func state(reused: Int64) -> FileReport.State {
        if wasRight { return .skipped }
        if wrong != nil { return .repaired }
        return reused > 0 ? .resumed : .downloaded
    }
}
