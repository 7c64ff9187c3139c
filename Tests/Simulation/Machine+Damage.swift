import Storage

/// Changes that others make to a model directory while the program is not running.
extension Machine {
    /// - Returns: the content that was put under a final name, if it is a file of its own.
    func apply(
        _ damage: Damage, to files: [(path: String, bytes: [UInt8])], in directory: String
    ) -> (path: String, bytes: [UInt8])? {
        func place(_ file: Int, _ part: Damage.Part) -> String {
            let path = files[file % files.count].path
            return directory + "/"
                + (part == .final
                    ? path
                    : part == .partial
                        ? path + ".partial"
                        : ".modelfetch/" + path.split(separator: "/").joined(separator: "%2F") + ".journal")
        }
        switch damage {
        case .rot(let file, let part, let offset, let mask):
            guard let inode = inode(at: place(file, part)), inode.size > 0 else { return nil }
            inode.rot(at: offset % inode.size, mask: mask)
        case .cut(let file, let part, let size):
            guard let inode = inode(at: place(file, part)), inode.kind == .regular, size < inode.size else {
                return nil
            }
            truncate(inode, to: size)
            touch(inode)
        case .removed(let file, let part): unlink(place(file, part))
        case .foreignPartial(let file, let count, let flaw):
            var bytes = Array(files[file % files.count].bytes.prefix(count))
            if let flaw, flaw < bytes.count { bytes[flaw] ^= 0x40 }
            unlink(place(file, .journal))
            put(.regular, at: place(file, .partial), bytes)
        case .foreignFinal(let file, let count):
            return puttingFinal([UInt8](repeating: 0x5A, count: count), files[file % files.count], in: directory)
        case .relatedFinal(let file, let differing, let size):
            let right = files[file % files.count]
            var bytes = right.bytes
            for range in differing { for index in range.clamped(to: 0..<bytes.count) { bytes[index] ^= 0xA5 } }
            bytes = Array(bytes.prefix(size))
            bytes += [UInt8](repeating: 0x33, count: max(0, size - bytes.count))
            return puttingFinal(bytes, right, in: directory)
        case .obstacle(let file, let part, let isSymlink): put(isSymlink ? .symlink : .directory, at: place(file, part))
        case .stateRemoved:
            if let root = inode(at: directory), root.entries[".modelfetch"] != nil {
                change([(root, ".modelfetch", nil)])
            }
        case .cacheDropped: forgetClean(root)
        }
        return nil
    }

    /// Replaces a right file by a file of others, durably.
    private func puttingFinal(
        _ bytes: [UInt8], _ right: (path: String, bytes: [UInt8]), in directory: String
    ) -> (path: String, bytes: [UInt8])? {
        let path = directory + "/" + right.path
        put(.regular, at: path, bytes)
        let (parent, _) = split(path)
        guard let parent, let inode = inode(at: path), inode.holds(bytes) else { return nil }
        inode.makeDurable()
        var above = directory
        commitNames(for: self.inode(at: "") ?? parent)
        for part in Self.parts(right.path).dropLast() {
            if let there = self.inode(at: above) { commitNames(for: there) }
            above += "/" + part
        }
        commitNames(for: parent)
        // A part of the right file, or all of it followed by zeros, has no content of its own.
        let isStump =
            right.bytes.starts(with: bytes)
            || bytes.starts(with: right.bytes) && bytes[right.bytes.count...].allSatisfy { $0 == 0 }
        return isStump ? nil : (right.path, bytes)
    }

    private func forgetClean(_ inode: Inode) {
        inode.forgetClean()
        for name in inode.entries.keys.sorted() { forgetClean(inode.entries[name]!) }
    }

    private func split(_ path: String) -> (parent: Inode?, name: String) {
        var parts = Self.parts(path)
        let name = parts.removeLast()
        return (inode(at: parts.joined(separator: "/")), name)
    }

    private func unlink(_ path: String) {
        let (parent, name) = split(path)
        if let parent, let there = parent.entries[name], there.entries.isEmpty { change([(parent, name, nil)]) }
    }

    private func put(_ kind: Inode.Kind, at path: String, _ bytes: [UInt8] = []) {
        let (parent, name) = split(path)
        guard let parent, parent.kind == .directory, parent.entries[name]?.entries.isEmpty != false else { return }
        let new = makeInode(kind)
        if kind == .regular {
            let count = allocate(new, 0..<Int64(bytes.count))
            bytes.prefix(count).withUnsafeBytes { new.write($0, at: 0) }
        }
        change([(parent, name, new)])
    }

    private func touch(_ inode: Inode) {
        inode.modified = wallTime
        inode.changed = wallTime
    }

    // MARK: Queries

    private func places(_ path: String) -> [String] {
        [path, path + ".partial", ".modelfetch/" + path.split(separator: "/").joined(separator: "%2F") + ".journal"]
    }

    func hasObstacles(in directory: String, files: [String]) -> Bool {
        files.flatMap(places).contains { inode(at: directory + "/" + $0).map { $0.kind != .regular } == true }
    }

    /// - Returns: whether there was any.
    func clearObstacles(in directory: String, files: [String]) -> Bool {
        var isAny = false
        for path in files.flatMap(places) where inode(at: directory + "/" + path).map({ $0.kind != .regular }) == true {
            let (parent, name) = split(directory + "/" + path)
            if let parent { change([(parent, name, nil)]) }
            isAny = true
        }
        return isAny
    }

    /// The paths of all files below a directory.
    func allFiles(in directory: String) -> [String] {
        func walk(_ inode: Inode, _ prefix: String) -> [String] {
            inode.entries.keys.sorted().flatMap { name in
                let child = inode.entries[name]!
                return child.kind == .directory ? walk(child, prefix + name + "/") : [prefix + name]
            }
        }
        return inode(at: directory).map { walk($0, "") } ?? []
    }
}
