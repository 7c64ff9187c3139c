internal import Storage

extension ModelDownload {
    /// Determines what ``run(onEvent:)`` would do now. Reads names, sizes, receipts and small files; fetches and changes nothing.
    ///
    /// Blocks on the disk.
    ///
    /// - Throws: the ``Failure`` with which the run would fail before it began: a pattern that matches no file, an invalid source, no
    ///   source for what is missing, the directory of another known model, or something other than a file under a file's name.
    public func plan() throws(Failure) -> DownloadPlan {
        let selected = try selectedFiles()
        let sources = try options.sources(for: manifest)
        let there: ModelDirectory?
        do throws(StorageError) {
            there = try ModelDirectory(existing: directory, on: SystemDisk())
        } catch  where error.code == .noSuchDirectory {
            there = nil
        } catch {
            throw Failure(error)
        }
        if let there, !options.replacesForeignFiles {
            try ModelRecognition.refuseOthers(than: manifest, in: there, among: known)
        }
        let receipts = there.map { Receipts(in: $0) } ?? Receipts()
        var files: [DownloadPlan.File] = []
        for file in selected {
            var urls: [String] = []
            for source in sources {
                if let url = source.location.shownURL(for: file.path) { urls.append(url) }
            }
            do throws(StorageError) {
                files.append(try plan(for: file, in: there, receipts, urls: urls))
            } catch {
                throw Failure(error, file: file.path.string)
            }
        }
        guard !sources.isEmpty || files.allSatisfy({ $0.action == .skip || $0.action == .check }) else {
            throw Source.none(for: manifest)
        }
        return DownloadPlan(
            model: manifest.name, directory: directory, files: files, freeBytes: Self.freeBytes(at: directory))
    }

    private func plan(
        for file: ManifestFile, in directory: ModelDirectory?, _ receipts: Receipts, urls: [String]
    ) throws(StorageError) -> DownloadPlan.File {
        let path = file.path.string
        let size = file.plannedSize
        func planned(
            _ action: DownloadPlan.Action, found: Int64? = nil, judgement: WrongFile? = nil, held: Int64 = 0,
            allocated: Int64 = 0
        ) -> DownloadPlan.File {
            let isFetched = action != .skip && action != .check
            return .init(
                path: path, action: action, size: size, bytes: isFetched ? size.map { max(0, $0 - held) } : 0,
                bytesHeld: held, sizeFound: found,
                isComparedFirst: judgement == .unknown, isKept: judgement == .damaged,
                diskBytes: isFetched ? max(0, (size ?? 0) - allocated) : 0, urls: urls)
        }
        guard let directory else { return planned(.fetch) }
        // The size of a partial file says nothing if the size of the file is not known.
        let identity = FileIdentity(path: path, size: size ?? .max, sha256: file.sha256)
        let partial = try PartialClaims(of: identity, names: PartialNames(path: path), in: directory)
        let (held, allocated) = (partial?.bytes ?? 0, partial?.allocated ?? 0)
        if let status = try directory.status(of: path) {
            if !options.recheck, receipts.valid(for: file, status, bootID: BootID.current()) != nil {
                return planned(.skip)
            }
            guard let size, size != status.size else { return planned(.check) }
            var judgement: WrongFile?
            if !options.replacesForeignFiles, let stored = try StoredFile(path, in: directory) {
                judgement = WrongFile(
                    size: status.size, front: try stored.bytes(at: 0, count: 256), isRot: false, name: path)
            }
            return planned(.replace, found: status.size, judgement: judgement, held: held, allocated: allocated)
        }
        guard partial != nil else { return planned(.fetch) }
        return planned(held > 0 ? .resume : .fetch, held: held, allocated: allocated)
    }

    /// The free space of a directory's file system, or of that of its nearest existing parent.
    private static func freeBytes(at directory: String) -> Int64? {
        var path = directory
        while true {
            do throws(StorageError) {
                return try ModelDirectory(existing: path, on: SystemDisk()).freeBytes()
            } catch {
                guard error.code == .noSuchDirectory, path != ".", path != "/" else { return nil }
                path = ModelDirectory.parentPath(path)
            }
        }
    }
}
