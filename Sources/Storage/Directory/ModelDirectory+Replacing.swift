/// Files of ours that are replaced as a whole, through a scratch file in the state directory.
extension ModelDirectory {
    /// Makes a new file and gives it a name, replacing what has it.
    ///
    /// - Parameters:
    ///   - scratch: random bytes, from which the scratch file has its name.
    ///   - fill: writes the new file; what it throws leaves everything as it was.
    /// - Returns: the new file.
    func replace(
        _ name: String, scratch: [UInt8], _ fill: (OpenFile) throws(StorageError) -> Void
    ) throws(StorageError) -> OpenFile {
        let digits = Array("0123456789abcdef".utf8)
        let hex = String(decoding: scratch.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        let beside = StateNames.directory + "/" + hex + StateNames.replacementSuffix
        try makeParents(of: beside)
        try remove(beside)
        do throws(StorageError) {
            let new = try create(beside)
            try fill(new)
            try rename(beside, to: name)
            return new
        } catch {
            try? remove(beside)
            throw error
        }
    }

    /// Gives a file one more name, which must be free. Not durable until ``synchronizeParent(of:)``.
    func link(_ file: String, to newFile: String) throws(StorageError) {
        try attempt("cannot link it to \(newFile)", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, name) throws(DiskError) in
                try withParent(of: newFile) { (newParent, newName) throws(DiskError) in
                    try disk.link(name, in: parent, to: newName, in: newParent)
                }
            }
        }
    }

    /// Gives a name to a copy of a file that may have other names: its blocks are shared where the file system can do that.
    ///
    /// - Parameter size: how many of its bytes are copied.
    package func replace(
        _ name: String, withCopyOf file: OpenFile, size: Int64, scratch: [UInt8]
    ) throws(StorageError) -> OpenFile {
        try replace(name, scratch: scratch) { (new) throws(StorageError) in
            try attempt("cannot copy \(size) bytes", display(name)) { () throws(DiskError) in
                try disk.copyWhole(file.descriptor, to: new.descriptor, size: size)
            }
        }
    }
}
