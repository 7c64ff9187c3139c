package import Hashing

/// A file that has its final name, opened for reading.
package struct StoredFile: Sendable {
    /// How many bytes are read at a time.
    private static let step = 1 << 20

    private let file: OpenFile
    private let names: PartialNames
    /// Its status when it was opened.
    package let status: FileStatus

    /// - Parameter followsLinks: whether symbolic links are followed: only for operations that write nothing.
    /// - Returns: `nil` if there is no such file.
    /// - Throws: ``StorageError/Code/notRegularFile`` if it is not a regular file.
    package init?(
        _ path: String, in directory: ModelDirectory, followsLinks: Bool = false
    ) throws(StorageError) {
        let opened = followsLinks ? try directory.openFollowingLinks(path) : try directory.open(path, .read)
        guard let file = opened else { return nil }
        self.file = file
        names = PartialNames(path: path)
        status = try file.status()
    }

    /// Hashes the whole file.
    ///
    /// - Parameter progress: called with the number of bytes of each piece; it may throw to stop.
    /// - Throws: ``StorageError/Code/modifiedExternally`` if the file changed while it was read, and what `progress` throws.
    package func digest(
        progress: (Int) throws(CancellationError) -> Void
    ) throws(StoredFileError) -> SHA256Digest {
        var hasher = SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.step, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        do {
            while true {
                let count = try file.read(into: buffer, at: offset)
                guard count > 0 else { break }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
                try progress(count)
            }
            let now = try file.status()
            guard now.size == status.size, now.modifiedNanoseconds == status.modifiedNanoseconds,
                now.changedNanoseconds == status.changedNanoseconds, offset == status.size
            else {
                throw StorageError(
                    .modifiedExternally, path: file.path, reason: "another program changed it while it was read")
            }
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            throw .cancelled
        }
        return hasher.finalize()
    }

    /// Fills `buffer` up to the end of the file. Returns the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StorageError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    /// Makes a copy of the file's first bytes the partial of a download; the file itself is not changed.
    ///
    /// - Parameters:
    ///   - size: the maximum number of bytes.
    ///   - scratch: random bytes for the name of a temporary file.
    package func share(
        asPartial names: PartialNames, size: Int64, in directory: ModelDirectory, scratch: [UInt8]
    ) throws(StorageError) {
        try directory.makeParents(of: names.partial)
        try directory.remove(names.journal)
        _ = try directory.replace(
            names.partial, withCopyOf: file, size: min(size, status.size), scratch: scratch)
    }

    /// Copies the whole file to a name that is free.
    func copy(to name: String, in directory: ModelDirectory, isDurable: Bool) throws(StorageError) {
        let new = try directory.create(name)
        do throws(StorageError) {
            try attempt("cannot keep a copy of \(status.size) bytes", directory.display(name)) { () throws(DiskError) in
                try directory.disk.copyWhole(file.descriptor, to: new.descriptor, size: status.size)
            }
            guard try new.status().size == status.size, try file.status().isSameContent(as: status) else {
                throw StorageError(
                    .modifiedExternally, path: file.path, reason: "another program changed it while it was copied")
            }
            if isDurable { try new.synchronize() }
        } catch {
            try? directory.remove(name)
            throw error
        }
    }

    /// Up to `count` bytes at `offset`.
    package func bytes(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        let read = try file.read(into: buffer, at: offset)
        return Array(buffer[..<read])
    }

    /// The proof that this file matches `identity`, for a digest that ``digest(progress:)`` returned.
    ///
    /// - Returns: `nil` if size or digest differ.
    package func verified(_ digest: SHA256Digest, as identity: FileIdentity) -> VerifiedFile? {
        guard status.size == identity.size, identity.sha256 == nil || identity.sha256 == digest else { return nil }
        return VerifiedFile(matched: file, names: names, identity: identity, digest: digest)
    }
}

/// Why a stored file could not be read to its end.
package enum StoredFileError: Error, Sendable {
    case storage(StorageError)
    /// The progress callback threw.
    case cancelled
}
