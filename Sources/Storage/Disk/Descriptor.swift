/// A file descriptor of a ``Disk``.
package struct Descriptor: Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// How a file is opened.
package enum Access: Sendable {
    case read
    /// Read and write; must exist.
    case update
    /// Read and write; created with mode 0666 less the umask if it does not exist.
    case create
    /// Read and write; must not exist.
    case createNew
    /// A directory.
    case directory
}
