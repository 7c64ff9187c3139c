/// The loops over calls that may be short or interrupted, written once.
extension Disk {
    /// For disks without a cache to forget.
    package func forgetCached(_ descriptor: Descriptor) {}

    /// Writes all of `bytes`, going on after short and interrupted writes.
    package func writeAll(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError)
    {
        var done = 0
        while done < bytes.count {
            do throws(DiskError) {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = try write(descriptor, rest, at: offset + Int64(done))
                // A write of nothing to a regular file has no meaning in POSIX: take it for a full disk, not for a reason
                // to spin.
                guard count > 0 else { throw DiskError("write", "", DiskError.wroteNothing) }
                done += count
            } catch  where error.isInterrupted {
                continue
            }
        }
    }

    /// Fills `buffer` as far as the file goes; the count is short only at the end of the file.
    package func readAll(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int
    {
        var done = 0
        while done < buffer.count {
            do throws(DiskError) {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let count = try read(descriptor, into: rest, at: offset + Int64(done))
                if count == 0 { break }
                done += count
            } catch  where error.isInterrupted {
                continue
            }
        }
        return done
    }

    /// The whole of a small file; `nil` if it is longer than `limit`.
    package func contents(of descriptor: Descriptor, limit: Int) throws(DiskError) -> [UInt8]? {
        let size = try status(of: descriptor).size
        guard size <= Int64(limit) else { return nil }
        // One byte more than it has, so that a file that grows meanwhile is noticed.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 1, alignment: 16)
        defer { buffer.deallocate() }
        let count = try readAll(descriptor, into: buffer, at: 0)
        return count > limit ? nil : Array(buffer[..<count])
    }
}
