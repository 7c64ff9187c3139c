internal import Hashing
internal import Storage

/// The marker tells other programs that the model is there: it stands while every other file is right, and never else.
extension DownloadRun {
    /// While files are fetched the marker must not tell a reader that the model is whole. One that is wrong is not the marker, and
    /// may be somebody's: it stays until the right one takes its name.
    ///
    /// - Parameter state: its state, if that was looked at.
    /// - Returns: its size in bytes; `nil` if it did not stand there.
    func withdrawMarker(_ file: ManifestFile, _ state: FileState?) throws -> Int64? {
        let path = file.path.string
        do {
            guard let status = try context.directory.status(of: path), status.kind == .regular else { return nil }
            // It may have been changed since it was looked at.
            let current = context.receipts.valid(for: file, status) == nil ? nil : state
            guard case .verified = try current ?? Inspection(context).state(of: file) else { return nil }
            // What an unpinned one was is known from its receipt alone, which outlives its name.
            if file.isPinned { context.receipts.forget(file) } else { try context.receipts.write() }
            let names = PartialNames(path: path)
            try context.publisher.withdraw(names)
            guard try context.directory.status(of: names.partial)?.isSameContent(as: status) == true else {
                try context.directory.rename(names.partial, to: names.final)
                throw StorageError(
                    .disturbed, path: context.directory.display(path), reason: "it was changed while the download began"
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

    /// The verified marker under its partial name: of this run, or one that an earlier run left there.
    private func heldMarker(
        _ file: ManifestFile, _ reports: ReportCollector
    ) throws -> ReportCollector.Held? {
        if let held = reports.held { return held }
        guard !reports.isSelected(file) else { return nil }
        let names = context.partials.names(of: file)
        do throws(StorageError) {
            // What stands under its name was not to be looked at, nor replaced.
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
            // It was not asked for: that it is not usable is for the run that asks for it.
            return nil
        }
    }

    /// - Throws: `StorageError` if a file that was verified a moment ago cannot be looked at, or is not right any more. Of
    ///   files that the run was not asked for that is no error: they are not verified, then.
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
                .disturbed, path: context.directory.display(file.path.string),
                reason: "it was right a moment ago, and is not any more; the model's marker is held back")
        }
        return true
    }

    /// Whether a file is right. One that another run replaces just now, where no lock keeps it out, is looked at again.
    private func isVerified(_ file: ManifestFile, _ inspection: Inspection) throws -> Bool {
        var patience = 3
        while true {
            do {
                if case .verified = try inspection.state(of: file) { return true }
                return false
            } catch let error as StorageError where error.code == .disturbed && patience > 0 {
                patience -= 1
            }
        }
    }
}
