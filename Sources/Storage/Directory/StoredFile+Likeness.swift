extension StoredFile {
    /// Compares the whole file with a verified one.
    ///
    /// - Parameter progress: called after each block; it may throw to stop.
    package func likeness(
        to verified: VerifiedFile, progress: () throws(CancellationError) -> Void = {}
    ) throws(StoredFileError) -> Likeness {
        do {
            return try likeness(to: verified.file, size: verified.identity.size, progress)
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            throw .cancelled
        }
    }

    private func likeness(
        to other: OpenFile, size: Int64, _ progress: () throws(CancellationError) -> Void
    ) throws -> Likeness {
        var likeness = Likeness()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * Likeness.blockBytes, alignment: 4096)
        defer { buffer.deallocate() }
        let (mine, theirs) = (
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<Likeness.blockBytes]),
            UnsafeMutableRawBufferPointer(rebasing: buffer[Likeness.blockBytes...])
        )
        var offset: Int64 = 0
        while offset < max(status.size, size) {
            let counts = (try read(into: mine, at: offset), try other.read(into: theirs, at: offset))
            likeness.compare(
                UnsafeRawBufferPointer(rebasing: mine[..<counts.0]),
                UnsafeRawBufferPointer(rebasing: theirs[..<counts.1]))
            offset += Int64(Likeness.blockBytes)
            try progress()
        }
        return likeness
    }
}
