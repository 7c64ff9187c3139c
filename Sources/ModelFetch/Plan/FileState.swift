internal import Hashing
internal import Storage

/// What stands under a file's final name.
enum FileState {
    /// The right file; its receipt is good, or was made new.
    case verified(SHA256Digest)
    /// Nothing.
    case absent
    /// Another file. `isRot` if a receipt fits it in everything but its bytes: nobody edited it.
    case wrong(StoredFile, isRot: Bool)
}
