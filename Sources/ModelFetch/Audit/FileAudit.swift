internal import Hashing
internal import Storage

/// The audit of one file. Blocks while it reads.
struct FileAudit {
    /// How many bytes are hashed between two events.
    private static let eventBytes = 16 << 20

    private let file: ManifestFile
    private let directory: ModelDirectory
    /// The digest that was first seen here, if the manifest has none.
    private let localPin: SHA256Digest?
    private let onEvent: @Sendable (DownloadEvent) -> Void

    init(
        _ file: ManifestFile, in directory: ModelDirectory, localPin: SHA256Digest?,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void
    ) {
        self.file = file
        self.directory = directory
        self.localPin = localPin
        self.onEvent = onEvent
    }

    /// Audits the file.
    ///
    /// - Throws: `CancellationError` only; everything else is in the report.
    func report() throws -> FileReport {
        try Task.checkCancellation()
        let path = file.path.string
        var report = FileReport(
            path: path, state: .ok, size: file.plannedSize, sha256: file.sha256, isPinned: file.isPinned)
        do {
            guard let stored = try StoredFile(path, in: directory, followsLinks: true) else { return missing(report) }
            let isLink = ((try? directory.status(of: path)) ?? nil)?.kind == .symlink
            onEvent(.phase(path: path, .hashing))
            let digest = try hash(stored)
            judge(&report, size: stored.status.size, digest: digest)
            if isLink { report.note = (report.note.map { $0 + "; " } ?? "") + "a symbolic link" }
        } catch let error as StorageError {
            report.state = .unreadable
            var failure = Failure(error, file: path)
            // A file that changes while it is read is no failure of the disk: its content is not settled.
            if error.code == .modifiedExternally {
                failure = Failure(.data, file: path, failure.message, remedy: failure.remedy)
            }
            report.failure = failure
        }
        return report
    }

    private func missing(_ report: FileReport) -> FileReport {
        var report = report
        report.state = .missing
        func status(_ name: String) -> FileStatus? { (try? directory.status(of: name)) ?? nil }
        let message =
            if status(file.path.string)?.kind == .symlink {
                "missing: its name is a dangling symbolic link"
            } else if status(PartialNames(path: file.path.string).partial) != nil {
                "missing; a partial download of it exists"
            } else {
                "missing"
            }
        report.failure = Failure(.data, file: file.path.string, message)
        return report
    }

    private func hash(_ stored: StoredFile) throws -> SHA256Digest {
        var pending = 0
        let path = file.path.string
        do throws(StoredFileError) {
            let digest = try stored.digest { count throws(CancellationError) in
                pending += count
                if pending >= Self.eventBytes {
                    onEvent(.progress(path: path, bytes: Int64(pending), received: false))
                    pending = 0
                    if Task.isCancelled { throw CancellationError() }
                }
            }
            onEvent(.progress(path: path, bytes: Int64(pending), received: false))
            return digest
        } catch {
            switch error {
            case .storage(let error): throw error
            case .cancelled: throw CancellationError()
            }
        }
    }

    private func judge(_ report: inout FileReport, size: Int64, digest: SHA256Digest) {
        report.sha256 = digest
        if size != report.size { report.actualSize = size }
        if let variant = file.variants.first(where: { $0.size == size && $0.sha256 == digest }) {
            report.note = "a known variant" + (variant.note.map { ": \($0)" } ?? "")
            return
        }
        let path = file.path.string
        func damaged(_ message: String) {
            report.state = .damaged
            report.failure = Failure(.data, file: path, message)
        }
        if let expected = file.plannedSize, expected != size {
            return damaged("the size is wrong: expected \(expected) bytes, found \(size)")
        }
        if let expected = file.sha256 ?? localPin ?? file.expected?.sha256, expected != digest {
            return damaged("the digest is wrong: expected \(expected), got \(digest)")
        }
        if !file.isPinned {
            if file.plannedSize != nil { report.evidence.append(file.size == nil ? "expected size" : "size") }
            if localPin != nil { report.evidence.append("sha256 as first seen here") }
            if let expected = file.expected?.sha256, expected == digest { report.evidence.append("expected sha256") }
        }
    }
}
