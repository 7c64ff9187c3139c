internal import Storage

/// How much of a model is in a directory, told from names and receipts alone.
package struct ModelPresence: Sendable {
    /// Files under their final names.
    package private(set) var present = 0
    /// Those of them whose receipts still match.
    package private(set) var verified = 0
    /// Those of them that are symbolic links to files.
    package private(set) var links = 0
    /// Files that are begun.
    package private(set) var partial = 0

    /// The model that the directory was filled with last, if that is another one.
    package private(set) var otherModel: String?

    /// Blocks on the disk, shortly. A directory that does not exist or cannot be read holds nothing.
    package init(of manifest: Manifest, in path: String) {
        guard let directory = try? ModelDirectory(existing: path, on: SystemDisk()) else { return }
        let receipts = Receipts(in: directory)
        if let model = receipts.model, model != manifest.name {
            otherModel = model
            return
        }
        let bootID = BootID.current()
        for file in manifest.files {
            let names = PartialNames(path: file.path.string)
            let named = try? directory.status(of: names.final)
            let isLink = named?.kind == .symlink
            let status = isLink ? try? directory.openFollowingLinks(names.final)?.status() : named
            if let status, status.kind == .regular {
                present += 1
                if isLink { links += 1 }
                if receipts.valid(for: file, status, bootID: bootID) != nil { verified += 1 }
            } else if (try? directory.status(of: names.partial)) != .some(nil) {
                partial += 1
            }
        }
    }
}
