/// Bytes that a caller lends for one call, so that they can be passed into a closure that runs under a lock.
struct LentBytes: @unchecked Sendable {
    // @unchecked: the receiver reads them before the call returns, and keeps nothing.
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
