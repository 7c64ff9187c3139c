internal import Hashing
internal import Storage
internal import Synchronization
internal import Transfer

/// One run of a download: looks at what is there, decides, fetches, publishes, the marker last.
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
    /// - Throws: ``Failure`` for what concerns the run as a whole, and `CancellationError`.
    func run(into reports: ReportCollector) async throws {
        try refuseForeignModel()
        let copy = ManifestCopyWriter(context)
        try copy.writeIfAbsent()
        var leftovers = Leftovers(context)
        leftovers.clear()
        let standings = try await inspect(into: reports)
        let marker = context.manifest.marker.flatMap { context.manifest.file(at: $0) }
        var work: [FileJob] = []
        for file in selected {
            switch standings[file.path] {
            // A right marker may have to step back while others are fetched.
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
        var hasSteppedBack = false
        if !work.isEmpty { try refuseFullDisk(work) }
        // What stands in the directory of another model stays as it is, the copy of its manifest included.
        if mayReplace { try copy.write() }
        if !work.isEmpty {
            if mayReplace, let marker, let size = try withdrawMarker(marker, standings[marker.path]),
                case .verified = standings[marker.path]
            {
                work.append(FileJob(context, marker, wasRightOf: size))
                hasSteppedBack = true
            }
            try await fetch(work, into: reports)
            try context.reach.endIfNothingReachable()
        }
        try await releaseMarker(into: reports)
        if !hasSteppedBack, let marker, case .verified(let digest) = standings[marker.path] {
            leftovers.clear(after: marker)
            reports.finish(.skipped, marker, digest: digest)
        }
    }

    // MARK: Before the first byte

    /// A directory that holds another known model is somebody's: nothing is replaced there without a word.
    func refuseForeignModel() throws {
        guard !context.options.replacesForeignFiles else { return }
        var recognition = ModelRecognition(
            context.directory, among: known, receipts: context.receipts, bootID: context.runtime.bootID)
        if let refusal = try recognition.refusal(toHold: context.manifest) { throw refusal }
    }

    /// Looks at every selected file: at once at those that receipts know, then at the others, several at a time.
    func inspect(into reports: ReportCollector) async throws -> [ManifestPath: FileState] {
        let inspection = Inspection(context)
        return try await withThrowingTaskGroup(of: (ManifestFile, Result<FileState, Failure>).self) { group in
            var standings: [ManifestPath: FileState] = [:]
            var unknown: [ManifestFile] = []
            for file in selected {
                // A task for each would take longer than to look.
                if let digest = digestByReceipt(of: file) {
                    standings[file.path] = .verified(digest)
                } else {
                    unknown.append(file)
                }
                try Task.checkCancellation()
            }
            var waiting = unknown[...]
            func start() {
                guard let file = waiting.popFirst() else { return }
                group.addTask {
                    do {
                        return (file, .success(try inspection.standing(of: file)))
                    } catch let error as StorageError {
                        return (file, .failure(Failure(error, file: file.path.string, kept: "nothing was touched")))
                    }
                }
            }
            for _ in 0..<context.options.concurrentFiles { start() }
            while let (file, result) = try await group.next() {
                switch result {
                case .success(let standing): standings[file.path] = standing
                case .failure(let failure): reports.fail(failure, file)
                }
                start()
            }
            return standings
        }
    }

    private func digestByReceipt(of file: ManifestFile) -> SHA256Digest? {
        guard !context.options.recheck, let status = try? context.directory.status(of: file.path.string) else {
            return nil
        }
        return context.receipt(of: file, status)?.sha256
    }

    /// Finds out about every large wrong file whether it may be replaced, before anything is changed: if one may not, this is
    /// somebody's directory, and all that stands in it stays as it is. What is missing is fetched all the same.
    ///
    /// - Returns: whether files that stand there may be replaced.
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
                reports.count(received: work[index].loop.receivedBytes, reused: 0, file)
                reports.fail(failure, file)
            }
        }
        guard let first else { return true }
        for item in work where item.wrong != nil {
            // Those that failed by themselves have said so.
            let message = "it is wrong, and nothing that stands here is replaced because of \(first)"
            reports.fail(Failure(first.kind, file: item.file.path.string, message, hint: first.hint), item.file)
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
                reason: "\(needed) bytes are needed and \(free) are free; nothing was fetched"
                    + (work.contains { $0.wrong != nil }
                        ? " (files that are wrong stay until the right ones are here)" : ""))
        } catch {
            throw Failure(error)
        }
    }

    // MARK: Fetching

    private func fetch(_ work: [FileJob], into reports: ReportCollector) async throws {
        // The largest first: they decide when the run ends.
        var waiting = work.sorted { ($0.file.plannedSize ?? .max) > ($1.file.plannedSize ?? .max) }[...]
        try await withThrowingTaskGroup(of: Void.self) { group in
            func start() {
                guard let item = waiting.popFirst() else { return }
                group.addTask { try await fetch(item, into: reports) }
            }
            for _ in 0..<context.options.concurrentFiles { start() }
            while try await group.next() != nil { start() }
        }
    }

    private func fetch(_ item: FileJob, into reports: ReportCollector) async throws {
        let file = item.file
        let path = file.path.string
        var reused: Int64 = 0
        do {
            let size = try await item.resolveSize()
            try item.makeRoom(size: size)
            let download = FileDownload(context, file, size: size, loop: item.loop)
            let verified = try await download.run()
            reused = download.reusedBytes
            reports.count(received: item.loop.receivedBytes, reused: item.wasRight ? 0 : reused, file)
            let state = item.state(reused: reused)
            if file.path == context.manifest.marker {
                reports.hold(verified, as: state, over: try item.expendable(for: verified))
                context.emit(.phase(path: path, .holding))
            } else {
                do {
                    try publish(verified, file, over: try item.expendable(for: verified))
                } catch {
                    context.leavePartial(of: file)
                    throw error
                }
                reports.finish(state, file, digest: verified.digest)
            }
        } catch {
            // However it ended, what was received counts.
            reports.count(received: item.loop.receivedBytes, reused: reused, file)
            switch error {
            case let failure as Failure: reports.fail(failure, file)
            case let error as StorageError: reports.fail(Failure(error, file: path), file)
            // The run says it, once for all files.
            case is NothingReachable: break
            default: throw error
            }
        }
    }

    /// - Parameter expendable: what may go from under the final name without being kept.
    func publish(_ verified: VerifiedFile, _ file: ManifestFile, over expendable: FileStatus?) throws {
        context.emit(.phase(path: file.path.string, .publishing))
        guard context.directory.isWhereItWas() else {
            throw StorageError(
                .disturbed, path: context.directory.path,
                reason: context.directory.isRemoved()
                    ? "the directory was removed while the download ran; nothing is kept"
                    : "the directory was moved or replaced while the download ran; what was received went with it")
        }
        let (status, kept) = try context.publisher.publish(verified, over: expendable)
        if let kept { context.emit(.replaced(path: file.path.string, keptAs: kept.path, bytes: kept.size)) }
        try context.record(file, verified.digest, status)
    }
}
