/// What messages say about the attempts to fetch a part of a file.
struct AttemptContext: Sendable {
    /// The offset of the first byte that is requested.
    let offset: @Sendable () -> Int64
    /// What is kept when every source has failed.
    let kept: @Sendable () -> String

    init(offset: @escaping @Sendable () -> Int64, kept: @escaping @Sendable () -> String) {
        self.offset = offset
        self.kept = kept
    }

    init(offset: Int64, kept: String) { self.init(offset: { offset }, kept: { kept }) }
}
