/// Replacing a file as a whole: a new file is written, then renamed, so that no reader sees half of it.
extension ModelDirectory {
    /// Replaces a small file of our own, through a new file beside it.
    ///
    /// - Parameter tag: set if the directory's lock has no effect, so that two runs never write the same new file.
    package func replace(
        _ file: String, with bytes: [UInt8], isDurable: Bool, tag: String? = nil
    ) throws(StorageError) {
        let beside = file + (tag.map { "." + $0 } ?? "") + StateNames.replacementSuffix
        try makeParents(of: file)
        // A file with this name was left by a killed run, or put there by another program: never write to it.
        try remove(beside)
        do throws(StorageError) {
            let new = try create(beside)
            try new.write(bytes, at: 0)
            if isDurable { try new.synchronize() }
            try rename(beside, to: file)
        } catch {
            try? remove(beside)
            throw error
        }
        if isDurable { try synchronizeParent(of: file) }
    }

    /// The contents of a small file; `nil` if there is none or it is longer than `limit`.
    package func contents(of file: String, limit: Int) throws(StorageError) -> [UInt8]? {
        guard let opened = try open(file, .read) else { return nil }
        return try attempt("cannot read it", opened.path) { () throws(DiskError) in
            try disk.contents(of: opened.descriptor, limit: limit)
        }
    }

    /// Creates a file in the state directory, fills it and gives it a name, replacing a file that has it.
    ///
    /// - Parameters:
    ///   - scratch: random bytes for the name in the state directory.
    ///   - fill: writes the new file; if it throws, nothing is replaced.
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

    /// Gives a file another name, which must be free. Not durable until ``synchronizeParent(of:)``.
    func link(_ file: String, to newFile: String) throws(StorageError) {
        try attempt("cannot link it to \(newFile)", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, name) throws(DiskError) in
                try withParent(of: newFile) { (newParent, newName) throws(DiskError) in
                    try disk.link(name, in: parent, to: newName, in: newParent)
                }
            }
        }
    }

    /// Gives a name to a copy of a file that may have other names. The copy shares its blocks if the file system supports it.
    ///
    /// - Parameter size: how many bytes are copied.
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
