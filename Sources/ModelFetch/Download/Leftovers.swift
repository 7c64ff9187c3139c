internal import Storage

/// What runs that were killed or failed have left in a directory, and nobody would come back for.
///
/// Only for who holds a lock that keeps others out: without one the owner may still be alive.
struct Leftovers: Sendable {
    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// Removes half-written records of ours, and passes on the partials of runs that had no lock. A failure is no more than a
    /// warning: leftovers are in nobody's way.
    func clear() {
        attempt { () throws(StorageError) in try clearAll() }
    }

    /// The partial of a file that is verified is of no more use. One that has no journal beside it is not ours.
    func clear(after file: ManifestFile) {
        attempt { () throws(StorageError) in try clearAll(after: file) }
    }

    private func attempt(_ clear: () throws(StorageError) -> Void) {
        guard context.tag == nil else { return }
        do throws(StorageError) { try clear() } catch {
            context.emit(.warning("what an earlier run left cannot be cleared away: \(Failure(error))"))
        }
    }

    private func clearAll() throws(StorageError) {
        let directory = context.directory
        let state = try directory.names(in: ModelDirectory.stateName)
        for name in state where name.hasSuffix(ModelDirectory.besideSuffix) {
            try directory.remove(ModelDirectory.stateName + "/" + name)
        }
        var names: [String: [String]] = [:]
        for file in context.manifest.files {
            let path = file.path.string
            let parent = Self.parent(of: path)
            if names[parent] == nil { names[parent] = try directory.names(in: parent) }
            for tag in PartialNames.tags(of: path, among: state, and: names[parent] ?? []) {
                try passOn(PartialNames(path: path, tag: tag), to: PartialNames(path: path))
            }
        }
    }

    /// The first private partial becomes everybody's, if there is none yet; others are given up.
    private func passOn(_ own: PartialNames, to common: PartialNames) throws(StorageError) {
        let directory = context.directory
        for (from, to) in [(own.partial, common.partial), (own.journal, common.journal)] {
            guard let status = try directory.status(of: from), status.kind == .regular else { continue }
            if try directory.status(of: to) == nil, from == own.journal || status.size > 0 {
                try directory.rename(from, to: to)
            } else {
                try directory.remove(from)
            }
        }
    }

    private func clearAll(after file: ManifestFile) throws(StorageError) {
        let names = PartialNames(path: file.path.string)
        guard try context.directory.status(of: names.journal)?.kind == .regular else { return }
        if try context.directory.status(of: names.partial)?.kind == .regular {
            try context.directory.remove(names.partial)
        }
        try context.directory.remove(names.journal)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(decoding: path.utf8[..<slash], as: UTF8.self)
    }
}
