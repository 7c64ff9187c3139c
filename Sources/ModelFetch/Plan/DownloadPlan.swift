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
        /// A partial is there.
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
        /// Where it would be asked for, in order. Without secrets.
        public let urls: [String]
    }

    /// The manifest's name.
    public let model: String
    /// The directory, as it was given.
    public let directory: String
    /// In the manifest's order, the selected ones.
    public let files: [File]
    /// What the file system has free, in bytes; `nil` where the directory cannot be asked yet.
    public let freeBytes: Int64?

    /// The bytes that would be fetched at most, as far as sizes are known.
    public var bytes: Int64 { files.reduce(0) { $0 + ($1.bytes ?? 0) } }
}

extension ModelDownload {
    /// What ``run(onEvent:)`` would do now. Reads names, sizes, receipts and small files; fetches and changes nothing.
    ///
    /// Blocks on the disk.
    ///
    /// - Throws: ``Failure`` for what the run would fail with before it began: a selection that matches nothing, no source,
    ///   another known model's directory, something in the way.
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
                if let url = try? source.base.appending(path: file.path.string) { urls.append(url.redacted) }
            }
            do throws(StorageError) {
                let (action, held) = try Self.action(for: file, in: there, receipts, recheck: options.recheck)
                let isFetched = action != .skip && action != .check
                let bytes = isFetched ? file.plannedSize.map { max(0, $0 - held) } : 0
                files.append(
                    .init(path: file.path.string, action: action, size: file.plannedSize, bytes: bytes, urls: urls))
            } catch {
                throw Failure(error, file: file.path.string)
            }
        }
        return DownloadPlan(
            model: manifest.name, directory: directory, files: files, freeBytes: there.flatMap { try? $0.freeBytes() })
    }

    /// What would be done about a file, and how many of its bytes may be there.
    private static func action(
        for file: ManifestFile, in directory: ModelDirectory?, _ receipts: Receipts, recheck: Bool
    ) throws(StorageError) -> (DownloadPlan.Action, held: Int64) {
        guard let directory else { return (.fetch, 0) }
        if let status = try directory.status(of: file.path.string) {
            let receipt = receipts.files[file.path.string]
            if !recheck, let receipt, receipt.matches(status, bootID: bootID()),
                file.sha256 == nil || file.sha256 == receipt.sha256
            {
                return (.skip, 0)
            }
            return file.plannedSize == nil || file.plannedSize == status.size ? (.check, 0) : (.replace, 0)
        }
        guard let partial = try directory.status(of: PartialNames(path: file.path.string).partial) else {
            return (.fetch, 0)
        }
        // Blocks may be reserved that hold nothing, and a file may have holes: the lesser of both comes closest.
        return (.resume, min(partial.size, partial.allocated))
    }
}
