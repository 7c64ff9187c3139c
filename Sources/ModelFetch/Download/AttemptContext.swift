/// What the attempts at a part of a file are about, for their messages.
struct AttemptContext: Sendable {
    /// The byte of the file that is asked for.
    let offset: @Sendable () -> Int64
    /// What is kept when every source has failed.
    let kept: @Sendable () -> String

    init(offset: @escaping @Sendable () -> Int64, kept: @escaping @Sendable () -> String) {
        self.offset = offset
        self.kept = kept
    }

    init(offset: Int64, kept: String) { self.init(offset: { offset }, kept: { kept }) }
}
