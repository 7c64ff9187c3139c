internal import Hashing
internal import Storage

/// What exists in the directory before the run changes anything.
extension DownloadRun {
    /// Determines the state of every selected file: first of those with a valid receipt, then of the others, several at a time.
    func inspect(into reports: ReportCollector) async throws -> [ManifestPath: FileState] {
        let inspection = Inspection(context)
        return try await withThrowingTaskGroup(of: (ManifestFile, Result<FileState, Failure>).self) { group in
            var states: [ManifestPath: FileState] = [:]
            var unknown: [ManifestFile] = []
            for file in selected {
                // Looking at a receipt takes less time than starting a task.
                if let digest = digestByReceipt(of: file) {
                    states[file.path] = .verified(digest)
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
                        return (file, .success(try inspection.state(of: file)))
                    } catch let error as StorageError {
                        return (file, .failure(Failure(error, file: file.path.string, kept: "nothing was touched")))
                    }
                }
            }
            for _ in 0..<context.options.concurrentFiles { start() }
            while let (file, result) = try await group.next() {
                switch result {
                case .success(let state): states[file.path] = state
                case .failure(let failure): reports.fail(failure, file)
                }
                start()
            }
            return states
        }
    }

    private func digestByReceipt(of file: ManifestFile) -> SHA256Digest? {
        guard !context.options.recheck, let status = try? context.directory.status(of: file.path.string) else {
            return nil
        }
        return context.receipts.valid(for: file, status)?.sha256
    }
}
