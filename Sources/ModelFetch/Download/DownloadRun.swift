internal import Hashing
internal import Storage
internal import Transfer

/// One run of a download: inspects the directory, decides what to do, fetches, and publishes, the marker last.
struct DownloadRun: Sendable {
    let context: RunContext
    let selected: [ManifestFile]
    private let known: [Manifest]

    init(_ context: RunContext, selected: [ManifestFile], known: [Manifest]) {
        self.context = context
        self.selected = selected
        self.known = known
    }

    /// Runs to the end, whatever happens to single files.
    ///
    /// - Throws: a ``Failure`` that concerns the run as a whole, and `CancellationError`.
    func run(into reports: ReportCollector) async throws {
        try refuseForeignModel()
        let copy = ManifestCopyWriter(context)
        try copy.writeIfAbsent()
        var leftovers = Leftovers(context)
        leftovers.clear()
        let states = try await inspect(into: reports)
        let marker = context.manifest.marker.flatMap { context.manifest.file(at: $0) }
        var work: [FileJob] = []
        for file in selected {
            switch states[file.path] {
            // A verified marker may have to be withdrawn while other files are fetched.
            case .verified where file == marker: break
            case .verified(let digest):
                leftovers.clear(after: file)
                reports.finish(.skipped, file, digest: digest)
            case .absent: work.append(FileJob(context, file))
            case .wrong(let stored, let isRot): work.append(FileJob(context, file, wrong: stored, isRot: isRot))
            case nil: break
            }
        }
        guard work.isEmpty || !context.sources.isEmpty else { throw Source.none(for: context.manifest) }
        let mayReplace = try await settleWrongFiles(&work, into: reports)
        var isMarkerWithdrawn = false
        if !work.isEmpty { try refuseFullDisk(work) }
        // Nothing in another model's directory is replaced, including the copy of its manifest.
        if mayReplace { try copy.write() }
        if !work.isEmpty {
            if mayReplace, let marker, let size = try withdrawMarker(marker, states[marker.path]),
                case .verified = states[marker.path]
            {
                work.append(FileJob(context, marker, wasRightOf: size))
                isMarkerWithdrawn = true
            }
            try await fetch(work, into: reports)
            try context.monitor.endIfNothingReachable()
        }
        try await releaseMarker(into: reports)
        if !isMarkerWithdrawn, let marker, case .verified(let digest) = states[marker.path] {
            leftovers.clear(after: marker)
            reports.finish(.skipped, marker, digest: digest)
        }
    }

    // MARK: Before the first byte

    /// Refuses a directory that holds another known model, unless the user wants it to be replaced.
    func refuseForeignModel() throws {
        guard !context.options.replacesForeignFiles else { return }
        var recognition = ModelRecognition(
            context.directory, among: known, receipts: context.receipts.all, bootID: context.runtime.bootID)
        if let refusal = try recognition.refusal(toHold: context.manifest) { throw refusal }
    }

    /// Decides for every large wrong file whether it may be replaced, before anything is changed. If one of them may not, the
    /// directory holds files of the user's, and no file in it is replaced; missing files are still fetched.
    ///
    /// - Returns: whether existing files may be replaced.
    private func settleWrongFiles(_ work: inout [FileJob], into reports: ReportCollector) async throws -> Bool {
        var first: Failure?
        for index in work.indices {
            let file = work[index].file
            do {
                try await work[index].settle()
            } catch let error as StorageError {
                first = first ?? Failure(error, file: file.path.string, kept: "it was not touched")
            } catch let failure as Failure {
                first = first ?? failure
                reports.count(work[index].runner, reused: 0, file)
                reports.fail(failure, file)
            }
        }
        guard let first else { return true }
        for item in work where item.wrong != nil {
            // A file that has failed already keeps its own failure.
            let message = "it is not the right file, but no file here is replaced because of \(first)"
            reports.fail(Failure(first.kind, file: item.file.path.string, message, remedy: first.remedy), item.file)
        }
        work.removeAll { $0.wrong != nil }
        return false
    }

    private func refuseFullDisk(_ work: [FileJob]) throws(Failure) {
        do throws(StorageError) {
            var needed: Int64 = 0
            for item in work {
                let (sum, isTooMuch) = needed.addingReportingOverflow(try item.neededBytes())
                needed = isTooMuch ? .max : sum
            }
            let free = try context.directory.freeBytes()
            guard needed > free else { return }
            throw StorageError(
                .noSpace, path: context.directory.path,
                reason: "\(roundedBytes(needed)) are needed and \(roundedBytes(free)) are free; nothing was fetched"
                    + (work.contains { $0.wrong != nil }
                        ? " (wrong files keep their space until the right ones are verified)" : ""))
        } catch {
            throw Failure(error)
        }
    }
}
