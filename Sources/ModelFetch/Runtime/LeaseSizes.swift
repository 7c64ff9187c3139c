/// How a file is divided among connections, in bytes. The simulator uses small numbers, so that small files are divided as well.
package struct LeaseSizes: Hashable, Sendable {
    /// A lease is not shorter than this, unless the gap is.
    package var least: Int64 = 1 << 20
    /// A lease is not much longer than this.
    package var most: Int64 = 64 << 20
    /// The least that is worth a request of its own at the end of a file.
    package var leastStolen: Int64 = 64 << 10
    /// How far beyond the first missing byte a lease may begin. What is written there waits to be hashed, and should still be in the
    /// page cache by then.
    package var window: Int64 = 1 << 30

    package init() {}
}
