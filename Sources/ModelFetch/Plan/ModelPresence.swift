internal import Storage

/// How much of a model is in a directory, judged by names and receipts only.
package struct ModelPresence: Sendable {
    /// The number of files under their final names.
    package private(set) var present = 0
    /// How many of these have a valid receipt.
    package private(set) var verified = 0
    /// How many of these are symbolic links to files.
    package private(set) var links = 0
    /// The number of files of which only a partial file exists.
    package private(set) var partial = 0

    /// The model that was last downloaded into the directory, if it is another one.
    package private(set) var otherModel: String?

    /// Reads names and receipts, and so blocks on the disk for a short time. A directory that does not exist or cannot be read holds
    /// nothing.
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
