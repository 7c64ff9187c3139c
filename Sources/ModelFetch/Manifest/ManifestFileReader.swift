internal import Glibc

/// Reads manifests from paths that the user named. They are outside any model directory, so `Storage` is not used.
enum ManifestFileReader {
    /// The bytes of a regular file, symbolic links followed, up to one more than a manifest may have.
    static func read(_ path: String) throws(ManifestError) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw failure(path, ENOENT) }
        // O_NONBLOCK, because opening a FIFO would wait for a writer, and opening a device may wait as well.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ManifestError(.unreadable, source: path, reason: "is not a regular file")
        }
        return try read(descriptor, path: path)
    }

    private static func read(_ descriptor: Int32, path: String) throws(ManifestError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        // The size at fstat is not relied on: the file may grow.
        while bytes.count <= StrictJSON.maximumBytes {
            let count = buffer.withUnsafeMutableBytes { unsafe in
                Glibc.read(descriptor, unsafe.baseAddress, unsafe.count)
            }
            if count == 0 { break }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw failure(path, errno)
            }
        }
        return bytes
    }

    /// The names in a directory that end in `.json` and are not hidden, in the order of their bytes.
    static func manifestNames(in directory: String) throws(ManifestError) -> [String] {
        guard !directory.utf8.contains(0) else { throw failure(directory, ENOENT) }
        guard let stream = opendir(directory) else { throw failure(directory, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw failure(directory, errno) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(validatingCString: $0) }
            }
            // Hidden files may be left by editors. A name that is not UTF-8 could neither be shown nor typed.
            guard let name, name.utf8.first != UInt8(ascii: ".") else { continue }
            if name.utf8.suffix(5).elementsEqual(".json".utf8) { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func failure(_ path: String, _ code: Int32) -> ManifestError {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOENT: return ManifestError(.missing, source: path, reason: "there is no such file or directory")
        case ENOTDIR: return ManifestError(.missing, source: path, reason: "not there: \(reason)")
        default: return ManifestError(.unreadable, source: path, reason: "cannot be read: \(reason)")
        }
    }
}
