/// An open file, closed when the last reference goes.
package final class OpenFile: Sendable {
    package let disk: any Disk
    package let descriptor: Descriptor
    /// The path for messages.
    package let path: String

    package init(owning descriptor: Descriptor, path: String, on disk: any Disk) {
        self.disk = disk
        self.descriptor = descriptor
        self.path = path
    }

    deinit { disk.close(descriptor) }

    package func status() throws(StorageError) -> FileStatus {
        try attempt("cannot get its status", path) { () throws(DiskError) in try disk.status(of: descriptor) }
    }

    /// Fills `buffer` up to the end of the file. Returns the number of bytes read.
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
        // `Array.withUnsafeBytes` does not support typed errors: return the error as a value.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try write(bytes, at: offset) }
        }
        try result.get()
    }

    package func synchronize() throws(StorageError) {
        try attempt("cannot flush it to disk", path) { () throws(DiskError) in try disk.synchronize(descriptor) }
    }
}
