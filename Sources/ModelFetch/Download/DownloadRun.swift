internal import Hashing
internal import Storage
internal import Synchronization
internal import Transfer

/// One run of a download: looks at what is there, decides, fetches, publishes, the marker last.
struct DownloadRun: Sendable {
    private let context: RunContext
    private let selected: [ManifestFile]
    private let known: [Manifest]

    init(_ context: RunContext, selected: [ManifestFile], known: [Manifest]) {
        self.context = context
        self.selected = selected
        self.known = known
    }

    /// Runs to the end, whatever happens to single files.
    ///
    /// - Throws: ``Failure`` for what concerns the run as a whole, and `CancellationError`.
    func run(into reports: Reports) async throws {
        try refuseForeignModel()
        let standings = try await inspect(into: reports)
        var work: [(file: ManifestFile, wrong: StoredFile?)] = []
        for file in selected {
            switch standings[file.path] {
            case .verified(let digest): reports.finish(.skipped, file, digest: digest)
            case .absent: work.append((file, nil))
            case .wrong(let stored): work.append((file, stored))
            case nil: break
            }
        }
        if !work.isEmpty || reports.hasFailures {
            try withdrawMarker()
            try refuseFullDisk(work.map(\.file))
            try await fetch(work, into: reports)
        }
        try await releaseMarker(into: reports)
    }

    // MARK: Before the first byte

    /// A directory that holds another known model is somebody's: nothing is replaced there without a word.
    private func refuseForeignModel() throws(Failure) {
        guard !context.options.replacesForeignFiles else { return }
        var recognition = ModelRecognition(context.directory, among: known)
        guard let other = recognition.models().first(where: { $0.name != context.manifest.name }),
            recognition.distinctiveMatches(of: context.manifest) == 0
        else { return }
        throw Failure(
            .data,
            "\(printable(context.directory.path)) holds another model, \(other.name), not \(context.manifest.name); "
                + "nothing was touched",
            hint: "give another directory, or add --replace to replace that model")
    }

    /// Looks at every selected file, several at once.
    private func inspect(into reports: Reports) async throws -> [ManifestPath: Standing] {
        let inspection = Inspection(context)
        return try await withThrowingTaskGroup(of: (ManifestFile, Result<Standing, Failure>).self) { group in
            var standings: [ManifestPath: Standing] = [:]
            var waiting = selected[...]
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

    /// While a file is missing or wrong the marker must not tell a reader that the model is whole.
    private func withdrawMarker() throws(Failure) {
        guard let marker = context.manifest.marker, let file = context.manifest.file(at: marker) else { return }
        do throws(StorageError) {
            guard try context.directory.status(of: marker.string)?.kind == .regular else { return }
            try context.publisher.withdraw(PartialNames(path: marker.string))
            context.forget(file)
        } catch {
            throw Failure(error, file: marker.string, kept: "nothing else was touched")
        }
    }

    private func refuseFullDisk(_ files: [ManifestFile]) throws(Failure) {
        do throws(StorageError) {
            var needed: Int64 = 0
            for file in files {
                guard let size = file.plannedSize else { continue }
                let names = PartialNames(path: file.path.string)
                let there = try context.directory.status(of: names.partial)?.allocated ?? 0
                needed += max(0, size - there)
            }
            let free = try context.directory.freeBytes()
            guard needed > free else { return }
            throw StorageError(
                .noSpace, path: context.directory.path,
                reason: "\(needed) bytes are needed and \(free) are free; nothing was fetched")
        } catch {
            throw Failure(error)
        }
    }

    // MARK: Fetching

    private func fetch(_ work: [(file: ManifestFile, wrong: StoredFile?)], into reports: Reports) async throws {
        // The largest first: they decide when the run ends.
        var waiting = work.sorted { ($0.file.plannedSize ?? .max) > ($1.file.plannedSize ?? .max) }[...]
        try await withThrowingTaskGroup(of: Void.self) { group in
            func start() {
                guard let (file, wrong) = waiting.popFirst() else { return }
                group.addTask { try await fetch(file, wrong: wrong, into: reports) }
            }
            for _ in 0..<context.options.concurrentFiles { start() }
            while try await group.next() != nil { start() }
        }
    }

    private func fetch(_ file: ManifestFile, wrong: StoredFile?, into reports: Reports) async throws {
        let path = file.path.string
        let loop = SourceLoop(context, path: path)
        var reused: Int64 = 0
        do {
            let size = try await SizeResolution(context, loop: loop).size(of: file)
            if let wrong { try await adopt(wrong, as: file, size: size, loop: loop) }
            let download = FileDownload(context, file, size: size, loop: loop)
            let verified = try await download.run()
            reused = download.reusedBytes
            reports.count(received: loop.receivedBytes, reused: reused, file)
            if file.path == context.manifest.marker {
                reports.hold(verified, file, wasWrong: wrong != nil)
            } else {
                try publish(verified, file)
                reports.finish(
                    wrong != nil ? .repaired : reused > 0 ? .resumed : .downloaded, file, digest: verified.digest)
            }
        } catch {
            // However it ended, what was received counts.
            reports.count(received: loop.receivedBytes, reused: reused, file)
            switch error {
            case let failure as Failure: reports.fail(failure, file)
            case let error as StorageError: reports.fail(Failure(error, file: path), file)
            default: throw error
            }
        }
    }

    /// Decides about another file that stands under the final name.
    private func adopt(_ wrong: StoredFile, as file: ManifestFile, size: Int64, loop: SourceLoop) async throws {
        // A stump or an error page: the right file simply takes its place in the end.
        guard wrong.status.size >= Inspection.precious else { return }
        let path = file.path.string
        let names = context.names(of: file)
        if try await Inspection(context).isCopy(wrong, of: file, size: size, loop: loop) {
            // A partial that has come further is worth more than a copy that is known to be wrong.
            guard try context.directory.status(of: names.partial) == nil else { return }
            try context.publisher.withdraw(names)
            context.forget(file)
            return
        }
        guard !context.options.replacesForeignFiles else { return }
        throw Failure(
            .data, file: path,
            "another file of \(wrong.status.size) bytes stands there, which agrees with the source nowhere; it was not touched",
            hint: "move it away, or add --replace to replace it once the right one is verified")
    }

    private func publish(_ verified: VerifiedFile, _ file: ManifestFile) throws {
        context.emit(.phase(path: file.path.string, .publishing))
        guard context.directory.isWhereItWas() else {
            throw StorageError(
                .disturbed, path: context.directory.path,
                reason: "the directory was moved or replaced while the download ran; what was received went with it")
        }
        try context.record(file, verified.digest, try context.publisher.publish(verified))
    }

    // MARK: The marker

    /// Publishes the marker if every file of the manifest is verified, selected or not.
    private func releaseMarker(into reports: Reports) async throws {
        guard let marker = context.manifest.marker, let file = context.manifest.file(at: marker) else { return }
        let held = try await heldMarker(file, reports)
        guard let held else { return }
        guard !reports.hasFailures, try isEveryFileVerified(but: marker) else {
            if reports.isSelected(file) { reports.finish(.held, file, digest: held.digest) }
            return
        }
        do {
            try publish(held, file)
        } catch let error as StorageError {
            return reports.fail(Failure(error, file: marker.string), file)
        }
        if reports.isSelected(file) {
            let reused = reports.reusedBytes(of: file) > 0
            let state: FileReport.State = reports.heldWasWrong ? .repaired : reused ? .resumed : .downloaded
            reports.finish(state, file, digest: held.digest)
        }
    }

    /// The verified marker under its partial name: of this run, or one that an earlier run left there.
    private func heldMarker(_ file: ManifestFile, _ reports: Reports) async throws -> VerifiedFile? {
        if let held = reports.held { return held }
        guard !reports.isSelected(file), let size = file.size else { return nil }
        let names = context.names(of: file)
        do throws(StorageError) {
            guard try context.directory.status(of: names.partial) != nil else { return nil }
            let identity = FileIdentity(path: file.path.string, size: size, sha256: file.sha256)
            let key = context.runtime.random.bytes(BlockChecksummer.keyByteCount)
            let partial = try PartialFile(in: context.directory, names: names, identity: identity, key: key)
            while try partial.checkNext() != nil {}
            guard partial.isComplete, case .verified(let verified) = try partial.finish() else { return nil }
            return verified
        } catch {
            // It was not asked for: that it is not usable is for the run that asks for it.
            return nil
        }
    }

    private func isEveryFileVerified(but marker: ManifestPath) throws -> Bool {
        let inspection = Inspection(context)
        for file in context.manifest.files where file.path != marker {
            do {
                guard case .verified = try inspection.standing(of: file) else { return false }
            } catch is StorageError {
                return false
            }
        }
        return true
    }
}
