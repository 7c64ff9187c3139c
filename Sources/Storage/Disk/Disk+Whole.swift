/// Loops around calls that may be short or interrupted.
extension Disk {
    /// Writes all of `bytes`, continuing after short and interrupted writes.
    package func writeAll(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError)
    {
        var done = 0
        while done < bytes.count {
            do throws(DiskError) {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = try write(descriptor, rest, at: offset + Int64(done))
                // POSIX gives no meaning to a write of 0 bytes to a regular file: treat it as a full disk rather than loop forever.
                guard count > 0 else { throw DiskError("write", "", DiskError.wroteNothing) }
                done += count
            } catch  where error.isInterrupted {
                continue
            }
        }
    }

    /// Fills `buffer` up to the end of the file. Returns the number of bytes read.
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

    /// Copies the first `size` bytes of `source` to `target`, which is empty: shared if the file system supports it, otherwise
    /// copied. `source` has at least as many bytes.
    package func copyWhole(_ source: Descriptor, to target: Descriptor, size: Int64) throws(DiskError) {
        do throws(DiskError) {
            try clone(source, to: target)
            if try status(of: target).size > size { try truncate(target, to: size) }
            return
        } catch  where !error.isSpace {
            // Most file systems cannot share blocks. Any other error will come back below.
        }
        var offset: Int64 = 0
        do throws(DiskError) {
            while offset < size {
                do throws(DiskError) {
                    let count = try copy(source, to: target, offset..<size)
                    guard count > 0 else { return }
                    offset += count
                } catch  where error.isInterrupted {
                    continue
                }
            }
            return
        } catch  where !error.isSpace {
            // Old kernels copy only within one file system, and some file systems not at all: read and write instead.
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while offset < size {
            let wanted = Int(min(Int64(buffer.count), size - offset))
            let count = try readAll(source, into: .init(rebasing: buffer[..<wanted]), at: offset)
            guard count > 0 else { return }
            try writeAll(target, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset)
            offset += Int64(count)
        }
    }

    /// Up to `limit` bytes from the beginning of a file.
    package func prefix(of descriptor: Descriptor, limit: Int) throws(DiskError) -> [UInt8] {
        let size = Int(min(try status(of: descriptor).size, Int64(limit)))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        defer { buffer.deallocate() }
        let count = try readAll(descriptor, into: .init(rebasing: buffer[..<size]), at: 0)
        return Array(buffer[..<count])
    }

    /// The whole of a small file; `nil` if it is longer than `limit`.
    package func contents(of descriptor: Descriptor, limit: Int) throws(DiskError) -> [UInt8]? {
        let size = try status(of: descriptor).size
        guard size <= Int64(limit) else { return nil }
        // One byte more than the file has, to notice a file that grows meanwhile.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 1, alignment: 16)
        defer { buffer.deallocate() }
        let count = try readAll(descriptor, into: buffer, at: 0)
        return count > limit ? nil : Array(buffer[..<count])
    }
}
