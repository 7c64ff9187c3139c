internal import Hashing
internal import Storage

/// What stands under a file's final name.
enum Standing {
    /// The right file; its receipt is good, or was made new.
    case verified(SHA256Digest)
    /// Nothing.
    case absent
    /// Another file.
    case wrong(StoredFile)
}
