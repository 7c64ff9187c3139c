internal import Storage

extension ModelDownload {
    /// Where the records of a model directory are, below the directory.
    package static let recordsDirectory = StateNames.directory
    /// Where replaced files are kept, below the directory.
    package static let replacedDirectory = StateNames.replaced
}
