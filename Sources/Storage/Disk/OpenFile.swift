/// A descriptor with one owner: closed when the last reference goes.
package final class OpenFile: Sendable {
    package let disk: any Disk
    package let descriptor: Descriptor
    /// What it is called in messages.
    package let path: String

    package init(owning descriptor: Descriptor, path: String, on disk: any Disk) {
        self.disk = disk
        self.descriptor = descriptor
        self.path = path
    }

    deinit { disk.close(descriptor) }

    package func status() throws(StorageError) -> FileStatus {
        try attempt("cannot look at it", path) { () throws(DiskError) in try disk.status(of: descriptor) }
    }

    /// Fills `buffer` as far as the file goes.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StorageError) -> Int {
        try attempt("cannot read at byte \(offset)", path) { () throws(DiskError) in
            try disk.readAll(descriptor, into: buffer, at: offset)
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StorageError) {
        try attempt("cannot write at byte \(offset)", path) { () throws(DiskError) in
            try disk.writeAll(descriptor, bytes, at: offset)
        }
    }

    package func write(_ bytes: [UInt8], at offset: Int64) throws(StorageError) {
        // `withUnsafeBytes` of an array knows no typed errors: carry the error out as a value.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try write(bytes, at: offset) }
        }
        try result.get()
    }

    package func synchronize() throws(StorageError) {
        try attempt("cannot make it durable", path) { () throws(DiskError) in try disk.synchronize(descriptor) }
    }
}
