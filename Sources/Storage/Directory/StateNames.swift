/// The names of modelfetch's own files in a model directory, spelled here and nowhere else. See docs/formats.md.
package enum StateNames {
    /// The state directory: lock, journals, receipts, the copy of the manifest, replaced files.
    package static let directory = ".modelfetch"
    /// Locked with flock(2) during a run.
    package static let lock = directory + "/lock"
    package static let receipts = directory + "/receipts.json"
    /// The copy of the manifest.
    package static let manifest = directory + "/manifest.json"
    /// Holds files that had a final name and were replaced.
    package static let replaced = directory + "/replaced"

    /// Added to the name of a file that is not verified yet.
    package static let partialSuffix = ".partial"
    /// Added to the flattened path of a file, the name of its journal.
    package static let journalSuffix = ".journal"
    /// Ends the name of a file that is about to replace another one.
    package static let replacementSuffix = ".new"

    /// The longest name that Linux file systems accept, in bytes.
    package static let maximumNameBytes = 255

    /// The name of something in the state directory, by its path in the model directory.
    package static func nameInState(_ path: String) -> String { String(path.dropFirst(directory.count + 1)) }
}
