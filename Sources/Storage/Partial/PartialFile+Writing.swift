/// Writing, and recording what was written.
extension PartialFile {
    /// Reserves disk space for the whole file, if the file system supports it.
    ///
    /// - Throws: ``StorageError/Code/noSpace`` if there is not enough. Any other failure of the call is ignored: the file can be
    ///   written without a reservation.
    package func reserve() throws(StorageError) {
        do throws(DiskError) {
            try directory.disk.preallocate(file.descriptor, identity.size)
        } catch  where error.isSpace {
            guard !error.isFileSizeLimit, let there = try? file.status().allocated,
                let free = try? directory.freeBytes()
            else {
                throw StorageError("cannot reserve \(identity.size) bytes", file.path, error)
            }
            throw StorageError(
                .noSpace, path: file.path,
                reason: "\(max(identity.size - there, 0)) bytes are needed and \(free) are free", underlying: error)
        } catch {}
    }

    /// A writer for bytes of a version, one for each connection.
    ///
    /// The version becomes the one that its source gave last. Bytes that came from this source under another validator are then
    /// suspect: they are kept, and are the first to be discarded if the digest is wrong.
    package func writer(for version: SourceVersion) throws(StorageError) -> ExtentWriter {
        let extent = try writers.add { () throws(StorageError) in try number(of: version) }
        return ExtentWriter(extent, of: self)
    }

    /// Records everything that was written and is not recorded yet.
    package func flush() throws(StorageError) { try writers.recordAll(compactingAs: names.journal, in: directory) }

    /// The number under which bytes of a version are recorded; the version becomes the last one that its source gave.
    ///
    /// One caller at a time, which ``OpenExtents`` sees to.
    private func number(of version: SourceVersion) throws(StorageError) -> UInt16 {
        var version = version
        version.validator = String(decoding: version.validator.utf8.prefix(JournalRecord.maximumText), as: UTF8.self)
        let recorded = version
        switch state.withLock({ $0.versions.numbering(of: recorded) }) {
        case .known(let number): return number
        case .new(let number):
            try journal.append([.source(number: number, recorded)])
            state.withLock { $0.versions.assign(number, to: recorded) }
            return number
        case .exhausted:
            // A source whose validator changes with every response can use the numbers up. Its bytes are then of unknown origin.
            return JournalContents.foundHere
        }
    }
}
