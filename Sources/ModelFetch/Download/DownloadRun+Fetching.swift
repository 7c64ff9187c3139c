internal import Storage

/// Fetches what is missing, and publishes what is verified.
extension DownloadRun {
    /// Fetches the files, and has their connections looked after meanwhile.
    func fetch(_ work: [FileJob], into reports: ReportCollector) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await fetchAll(work, into: reports)
                return true
            }
            if let interval = context.runtime.interval {
                group.addTask {
                    while (try? await context.runtime.time.sleep(interval)) != nil {
                        context.pool.observe(at: context.runtime.time.now())
                    }
                    return false
                }
            }
            // The second task ends only when it is cancelled.
            for try await isOver in group where isOver { break }
            group.cancelAll()
        }
    }

    private func fetchAll(_ work: [FileJob], into reports: ReportCollector) async throws {
        // The largest first, because they determine when the run ends.
        var waiting = work.sorted { ($0.file.plannedSize ?? .max) > ($1.file.plannedSize ?? .max) }[...]
        try await withThrowingTaskGroup(of: Void.self) { group in
            var started = 0
            func start() {
                while let item = waiting.first, started < most(for: item) {
                    waiting.removeFirst()
                    started += 1
                    group.addTask { try await fetch(item, into: reports) }
                }
            }
            let first = max(waiting.first.map(most) ?? 0, waiting.last.map(most) ?? 0)
            context.pool.begin(with: min(first, waiting.count), at: context.runtime.time.now())
            start()
            while try await group.next() != nil {
                started -= 1
                start()
            }
        }
    }

    /// The most files that may be worked on when this one begins.
    private func most(for item: FileJob) -> Int {
        let options = context.options
        let isSmall = item.file.plannedSize.map { $0 <= DownloadOptions.smallFileSize } ?? false
        return max(isSmall ? options.concurrentSmallFiles : 0, options.concurrentFiles, 1)
    }

    private func fetch(_ item: FileJob, into reports: ReportCollector) async throws {
        let file = item.file
        let path = file.path.string
        var started: FileDownload?
        var reused: Int64 { item.wasRight ? 0 : started?.reusedBytes ?? 0 }
        do {
            let size = try await item.resolveSize()
            try item.makeRoom(size: size)
            let download = FileDownload(context, file, size: size, runner: item.runner)
            started = download
            let verified = try await download.run()
            reports.count(item.runner, reused: reused, file)
            let state = item.state(reused: reused)
            if file.path == context.manifest.marker {
                reports.hold(verified, as: state, over: try item.expendable(for: verified))
                context.emit(.phase(path: path, .holding))
            } else {
                do {
                    try publish(verified, file, over: try item.expendable(for: verified))
                } catch {
                    context.partials.leave(file)
                    throw error
                }
                reports.finish(state, file, digest: verified.digest)
            }
        } catch {
            // What was received counts, however the attempt ended.
            reports.count(item.runner, reused: reused, file)
            switch error {
            case let failure as Failure: reports.fail(failure, file)
            case let error as StorageError: reports.fail(Failure(error, file: path), file)
            // Reported by the run, once for all files.
            case is NothingReachable: break
            default: throw error
            }
        }
    }

    /// - Parameter expendable: the file under the final name, if it may be replaced without being kept.
    func publish(_ verified: VerifiedFile, _ file: ManifestFile, over expendable: FileStatus?) throws {
        context.emit(.phase(path: file.path.string, .publishing))
        guard context.directory.isAtItsPath() else {
            throw StorageError(
                .modifiedExternally, path: context.directory.path,
                reason: context.directory.isRemoved()
                    ? "the directory was removed while the download ran; nothing is kept"
                    : "the directory was moved or replaced while the download ran; what was received is in the moved directory"
            )
        }
        let (status, kept) = try context.publisher.publish(verified, over: expendable)
        if let kept { context.emit(.replaced(path: file.path.string, keptAs: kept.path, bytes: kept.size)) }
        try context.receipts.record(file, verified.digest, status)
    }
}
