internal import Foundation
package import Hashing

/// Which files of a directory were verified, and what they were then. The format is docs/formats.md's.
///
/// A receipt spares a rehash; it never makes a wrong file right. What cannot be read is as good as none.
package struct Receipts: Sendable, Equatable {
    package static let name = ModelDirectory.stateName + "/receipts.json"
    private static let format = "modelfetch-receipts/1"
    private static let maximumLength = 16 << 20

    /// What is known of one file.
    package struct Receipt: Sendable, Equatable {
        package var sha256: SHA256Digest
        /// Whether the manifest had this digest; otherwise it is what was seen first here.
        package var pinned: Bool
        package var size: Int64
        package var inode: UInt64
        package var modifiedNanoseconds: Int64
        package var changedNanoseconds: Int64
        /// Set where the file was not made durable: the boot for which the receipt counts.
        package var bootID: String?

        package init(sha256: SHA256Digest, pinned: Bool, status: FileStatus, bootID: String?) {
            self.sha256 = sha256
            self.pinned = pinned
            size = status.size
            inode = status.inode
            modifiedNanoseconds = status.modifiedNanoseconds
            changedNanoseconds = status.changedNanoseconds
            self.bootID = bootID
        }

        /// Whether a file is still the one that was verified.
        ///
        /// - Parameter bootID: the current boot's.
        package func matches(_ status: FileStatus, bootID current: String?) -> Bool {
            status.kind == .regular && status.size == size && status.inode == inode
                && status.modifiedNanoseconds == modifiedNanoseconds && status.changedNanoseconds == changedNanoseconds
                && (bootID == nil || bootID == current)
        }
    }

    /// The name of the manifest that the directory was last filled from.
    package var model: String?
    /// By the file's path in the manifest.
    package var files: [String: Receipt] = [:]

    package init() {}

    /// Reads a directory's receipts: none where there are none, or none that can be read.
    package init(in directory: ModelDirectory) {
        guard let file = try? directory.open(Self.name, .read),
            let bytes = try? directory.disk.contents(of: file.descriptor, limit: Self.maximumLength),
            let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)), stored.format == Self.format
        else { return }
        model = stored.model
        for (path, receipt) in stored.files {
            guard let sha256 = SHA256Digest(hex: receipt.sha256) else { continue }
            var kept = Receipt(sha256: sha256, pinned: receipt.pinned, status: .none, bootID: receipt.boot_id)
            kept.size = receipt.size
            kept.inode = receipt.inode
            kept.modifiedNanoseconds = receipt.mtime_ns
            kept.changedNanoseconds = receipt.ctime_ns
            files[path] = kept
        }
    }

    /// Writes them: beside the old ones, then renamed.
    package func write(in directory: ModelDirectory, isDurable: Bool, tag: String? = nil) throws(StorageError) {
        var stored = Stored(format: Self.format, model: model, files: [:])
        for (path, receipt) in files {
            stored.files[path] = StoredReceipt(
                sha256: receipt.sha256.hex, pinned: receipt.pinned, size: receipt.size, inode: receipt.inode,
                mtime_ns: receipt.modifiedNanoseconds, ctime_ns: receipt.changedNanoseconds, boot_id: receipt.bootID)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data: Data
        do { data = try encoder.encode(stored) } catch {
            throw StorageError(.failed, path: directory.display(Self.name), reason: "it cannot be encoded: \(error)")
        }
        try directory.replace(Self.name, with: Array(data) + [UInt8(ascii: "\n")], isDurable: isDurable, tag: tag)
    }

    // The names are the file's.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Stored: Codable {
        var format: String
        var model: String?
        var files: [String: StoredReceipt]
    }

    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct StoredReceipt: Codable {
        var sha256: String
        var pinned: Bool
        var size: Int64
        var inode: UInt64
        var mtime_ns: Int64
        var ctime_ns: Int64
        var boot_id: String?
    }
}

extension FileStatus {
    fileprivate static var none: FileStatus {
        FileStatus(
            kind: .other, size: 0, allocated: 0, modifiedNanoseconds: 0, changedNanoseconds: 0, inode: 0, device: 0,
            links: 0)
    }
}
