internal import Hashing
internal import Storage

/// What has a file's final name.
enum FileState {
    /// The right file. It had a valid receipt, or got a new one.
    case verified(SHA256Digest)
    /// Nothing has the name.
    case absent
    /// A wrong file. `isRot` if it has a valid receipt all the same, so that it was damaged rather than edited.
    case wrong(StoredFile, isRot: Bool)
}
