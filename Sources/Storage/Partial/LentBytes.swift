/// Bytes that a caller lends for one call, so that they can be passed into a closure that runs under a lock; or for as long as their owner is
/// kept.
struct LentBytes: @unchecked Sendable {
    // @unchecked: the receiver reads them before the call returns, or keeps their owner, and nobody changes them meanwhile.
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
