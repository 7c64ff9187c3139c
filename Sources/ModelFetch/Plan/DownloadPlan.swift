internal import Foundation
internal import Storage
internal import Transfer

/// What a download would do, found out without changing anything.
public struct DownloadPlan: Sendable {
    /// What would be done about a file.
    public enum Action: String, Sendable {
        /// Its receipt says that it is right.
        case skip
        /// A file of the right size is there and would be hashed.
        case check
        /// Nothing of it is there.
        case fetch
        /// Some of its bytes are there under its partial name.
        case resume
        /// A file of another size is there.
        case replace
    }

    /// What would be done about one file.
    public struct File: Sendable {
        /// The path in the manifest.
        public let path: String
        /// What would be done.
        public let action: Action
        /// In bytes, as far as it is known.
        public let size: Int64?
        /// At most this many bytes would be fetched; `nil` where the size is unknown.
        public let bytes: Int64?
        /// The bytes that an earlier run left, or another tool did, and that would be checked rather than fetched again.
        public let bytesHeld: Int64
        /// The size of another file that has the name, in bytes; `nil` where none has.
        public let sizeFound: Int64?
        /// Whether that file would be compared with a source first, and replaced only if it turns out to be a damaged copy.
        public let isComparedFirst: Bool
        /// Whether that file would be kept below `.modelfetch/replaced` when it is replaced.
        public let isKept: Bool
        /// How much more of the disk it would take, in bytes, as far as that is known.
        public let diskBytes: Int64
        /// Where it would be asked for, in order. Without secrets.
        public let urls: [String]
    }

    /// The manifest's name.
    public let model: String
    /// The directory, as it was given.
    public let directory: String
    /// In the manifest's order, the selected ones.
    public let files: [File]
    /// What the file system has free, in bytes: that of the nearest parent where the directory does not exist yet. `nil` where
    /// it cannot be asked.
    public let freeBytes: Int64?

    /// The bytes that would be fetched at most, as far as sizes are known.
    public var bytes: Int64 { files.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// How much more of the disk it would all take, in bytes, as far as sizes are known.
    public var diskBytes: Int64 { files.reduce(0) { $0 + $1.diskBytes } }

    /// Whether the file system has room for that; `true` where it cannot be asked.
    public var hasRoom: Bool { freeBytes.map { diskBytes <= $0 } ?? true }
}

extension ModelDownload {
    /// What ``run(onEvent:)`` would do now. Reads names, sizes, receipts and small files; fetches and changes nothing.
    ///
    /// Blocks on the disk.
    ///
    /// - Throws: ``Failure`` for what the run would fail with before it began: a selection that matches nothing, no source,
    ///   nowhere to fetch what is missing, another known model's directory, something in the way.
    public func plan() throws(Failure) -> DownloadPlan {
        let selected = try selectedFiles()
        let sources = try Source.list(for: manifest, options)
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
                if let url = source.shown(appending: file.path.string) { urls.append(url) }
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
        // The size of a partial says nothing where that of the file is not known.
        let identity = FileIdentity(path: path, size: size ?? .max, sha256: file.sha256)
        let partial = try PartialClaims(of: identity, names: PartialNames(path: path), in: directory)
        let (held, allocated) = (partial?.bytes ?? 0, partial?.allocated ?? 0)
        if let status = try directory.status(of: path) {
            let receipt = receipts.files[path]
            if !options.recheck, let receipt, receipt.matches(status, bootID: Self.bootID()),
                file.sha256 == nil || file.sha256 == receipt.sha256
            {
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

    /// What the file system of a directory has free, or of its nearest parent that exists.
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
