internal import Hashing
internal import Storage

/// The marker tells other programs that the model is complete. It has its final name only while every other file is verified.
extension DownloadRun {
    /// Withdraws the marker while files are fetched, so that no reader takes the model for complete. A wrong file under the
    /// marker's name is not the marker, and may be a file of the user's: it stays until the right one takes its name.
    ///
    /// - Parameter state: the marker's state, if it was selected.
    /// - Returns: the marker's size in bytes; `nil` if there was no marker to withdraw.
    func withdrawMarker(_ file: ManifestFile, _ state: FileState?) throws -> Int64? {
        let path = file.path.string
        do {
            guard let status = try context.directory.status(of: path), status.kind == .regular else { return nil }
            // It may have been changed since it was inspected.
            let current = context.receipts.valid(for: file, status) == nil ? nil : state
            guard case .verified = try current ?? Inspection(context).state(of: file) else { return nil }
            // Only the receipt tells what an unpinned marker was, so that the receipt is kept.
            if file.isPinned { context.receipts.forget(file) } else { try context.receipts.write() }
            let names = PartialNames(path: path)
            try context.publisher.withdraw(names)
            guard try context.directory.status(of: names.partial)?.isSameContent(as: status) == true else {
                try context.publisher.undoWithdrawal(names)
                throw StorageError(
                    .modifiedExternally, path: context.directory.display(path),
                    reason: "it was changed while the download began"
                )
            }
            return status.size
        } catch let error as StorageError {
            throw Failure(error, file: path, kept: "nothing else was touched")
        }
    }

    /// Publishes the marker if every file of the manifest is verified, selected or not.
    func releaseMarker(into reports: ReportCollector) async throws {
        guard let marker = context.manifest.marker, let file = context.manifest.file(at: marker) else { return }
        guard let held = try heldMarker(file, reports) else { return }
        do {
            guard !reports.hasFailures, try isEveryFileVerified(but: marker, reports) else {
                context.partials.leave(file)
                if reports.isSelected(file) { reports.finish(.held, file, digest: held.file.digest) }
                return
            }
            try publish(held.file, file, over: held.expendable)
        } catch let error as StorageError {
            context.partials.leave(file)
            return reports.fail(Failure(error, file: marker.string), file)
        }
        if reports.isSelected(file) { reports.finish(held.state, file, digest: held.file.digest) }
    }

    /// The verified marker under its partial name, from this run or left there by an earlier one.
    private func heldMarker(
        _ file: ManifestFile, _ reports: ReportCollector
    ) throws -> ReportCollector.Held? {
        if let held = reports.held { return held }
        guard !reports.isSelected(file) else { return nil }
        let names = context.partials.names(of: file)
        do throws(StorageError) {
            // A file that was not selected is neither inspected nor replaced.
            guard try context.directory.status(of: names.final) == nil else { return nil }
            try context.partials.takeOver(file)
            guard let there = try context.directory.status(of: names.partial) else { return nil }
            guard let size = file.size ?? (context.receipts.firstSeenDigest(of: file) == nil ? nil : there.size) else {
                return nil
            }
            let identity = FileIdentity(path: file.path.string, size: size, sha256: file.sha256)
            let key = context.runtime.random.bytes(BlockChecksummer.keyByteCount)
            let partial = try PartialFile(in: context.directory, names: names, identity: identity, key: key)
            while try partial.checkNext() != nil {}
            var evidence = ContentEvidence(for: file, seen: context.receipts.firstSeenDigest(of: file))
            guard partial.isComplete,
                case .verified(let verified) = try partial.finish(accepting: { evidence.accepts($0, $1) })
            else {
                context.partials.leave(file)
                return nil
            }
            return ReportCollector.Held(file: verified, state: .resumed)
        } catch {
            // It was not selected, so it is no failure of this run if it cannot be used.
            return nil
        }
    }

    /// - Throws: `StorageError` if a selected file, which was verified a moment ago, cannot be read or is no longer right. For any
    ///   other file this is no error: it is not verified.
    private func isEveryFileVerified(but marker: ManifestPath, _ reports: ReportCollector) throws -> Bool {
        let inspection = Inspection(context)
        for file in context.manifest.files where file.path != marker {
            do {
                if try isVerified(file, inspection) { continue }
            } catch let error as StorageError {
                if reports.isSelected(file) { throw error }
            }
            guard reports.isSelected(file) else { return false }
            throw StorageError(
                .modifiedExternally, path: context.directory.display(file.path.string),
                reason: "it was verified a moment ago and has been changed since; the model's marker is held back")
        }
        return true
    }

    /// Whether a file is verified. A file that changes while it is read, because another run replaces it where locks have no
    /// effect, is read again.
    private func isVerified(_ file: ManifestFile, _ inspection: Inspection) throws -> Bool {
        var patience = 3
        while true {
            do {
                if case .verified = try inspection.state(of: file) { return true }
                return false
            } catch let error as StorageError where error.code == .modifiedExternally && patience > 0 {
                patience -= 1
            }
        }
    }
}
