internal import Storage

/// A file that has to be fetched, or at least to be put in its place: what stands there, and what may be done about it.
struct FileWork: Sendable {
    let file: ManifestFile
    let loop: SourceLoop
    /// Another file that stands under the final name.
    let wrong: StoredFile?
    /// Whether it stood there and was right: a marker that steps back for others.
    let wasRight: Bool
    private let context: RunContext
    private var size: Int64?
    /// Whether `wrong` is a damaged or cut-off copy, whose bytes are of use.
    private var isCopy = false

    init(_ context: RunContext, _ file: ManifestFile, wrong: StoredFile? = nil, wasRight: Bool = false) {
        self.context = context
        self.file = file
        self.wrong = wrong
        self.wasRight = wasRight
        loop = SourceLoop(context, path: file.path.string)
        size = file.size
    }

    /// Finds out whether what stands there may be replaced. Changes nothing.
    ///
    /// - Throws: ``Failure`` if it may not, or if no source tells; and `CancellationError`.
    mutating func settle() async throws {
        // A stump or an error page: the right file simply takes its place in the end.
        guard let wrong, wrong.status.size >= Inspection.precious else { return }
        let size = try await resolveSize()
        self.size = size
        isCopy = try await Inspection(context).isCopy(wrong, of: file, size: size, loop: loop)
        guard !isCopy, !context.options.replacesForeignFiles else { return }
        throw Failure(
            .data, file: file.path.string,
            "another file of \(wrong.status.size) bytes stands there, which agrees with the source nowhere; "
                + "it was not touched",
            hint: "move it away, or add --replace to replace it once the right one is verified")
    }

    /// The size that the file must have; asks the sources where the manifest does not say.
    func resolveSize() async throws -> Int64 {
        if let size { return size }
        return try await SizeResolution(context, loop: loop).size(of: file)
    }

    /// The bytes of disk that it takes besides those that it has, as far as its size is known.
    func neededBytes() throws(StorageError) -> Int64 {
        guard let size = size ?? file.plannedSize else { return 0 }
        let partial = try context.directory.status(of: PartialNames(path: file.path.string).partial)
        let there = partial?.allocated ?? (isCopy ? wrong?.status.allocated ?? 0 : 0)
        return max(0, size - there)
    }

    /// Makes the partial of a copy whose bytes are of use.
    func makeRoom() throws(StorageError) {
        // A partial that has come further is worth more than a copy that is known to be wrong.
        guard isCopy, try context.directory.status(of: PartialNames(path: file.path.string).partial) == nil else {
            return
        }
        try context.publisher.withdraw(context.names(of: file))
        context.forget(file)
    }

    /// What became of the file once it is published.
    func state(reused: Int64) -> FileReport.State {
        if wasRight { return .skipped }
        if wrong != nil { return .repaired }
        return reused > 0 ? .resumed : .downloaded
    }
}
