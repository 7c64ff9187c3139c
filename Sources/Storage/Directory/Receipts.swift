package import Hashing

/// Which files of a directory were verified, and their size and times at that moment. The format is in docs/formats.md.
///
/// A receipt saves hashing a file again. Receipts that cannot be read are ignored.
package struct Receipts: Sendable, Equatable {
    static let format = "modelfetch-receipts/1"
    /// Enough for the 100,000 files of the largest manifest with paths of 400 bytes. A longer file is neither read nor written.
    package static let maximumLength = 64 << 20

    /// What was recorded about one file.
    package struct Receipt: Sendable, Equatable {
        package var sha256: SHA256Digest
        /// Whether the manifest had this digest; otherwise it is the digest that the file had when it was first seen here.
        package var pinned: Bool
        package var size: Int64
        package var inode: UInt64
        package var modifiedNanoseconds: Int64
        package var changedNanoseconds: Int64
        /// The boot for which the receipt is valid, if the file was not flushed to disk; otherwise `nil`.
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

        init(
            sha256: SHA256Digest, pinned: Bool, size: Int64, inode: UInt64, modifiedNanoseconds: Int64,
            changedNanoseconds: Int64, bootID: String?
        ) {
            self.sha256 = sha256
            self.pinned = pinned
            self.size = size
            self.inode = inode
            self.modifiedNanoseconds = modifiedNanoseconds
            self.changedNanoseconds = changedNanoseconds
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

    /// Reads the receipts of a directory. There are none if the file is missing or cannot be read.
    package init(in directory: ModelDirectory) {
        guard let file = try? directory.open(StateNames.receipts, .read),
            let bytes = try? directory.disk.contents(of: file.descriptor, limit: Self.maximumLength),
            let read = ReceiptsReader.read(bytes)
        else { return }
        self = read
    }

    /// Writes the receipts to a new file, which then replaces the old one. Receipts beyond the maximum length are left out.
    package func write(in directory: ModelDirectory, isDurable: Bool, tag: String? = nil) throws(StorageError) {
        try directory.replace(StateNames.receipts, with: encoded(), isDurable: isDurable, tag: tag)
    }
}
