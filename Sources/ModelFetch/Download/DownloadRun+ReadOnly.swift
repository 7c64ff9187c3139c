/// A run in a directory in which nothing can be written.
extension DownloadRun {
    /// Looks whether every selected file is there and right, by its receipt or its hash; there is nothing else to be done here.
    ///
    /// - Returns: whether it is so. The files that are right are reported as skipped either way.
    /// - Throws: ``Failure`` for a directory that holds another model, and `CancellationError`.
    func confirm(into reports: ReportCollector) async throws -> Bool {
        try refuseForeignModel()
        let states = try await inspect(into: reports)
        var isWhole = true
        for file in selected {
            if case .verified(let digest) = states[file.path] {
                reports.finish(.skipped, file, digest: digest)
            } else {
                isWhole = false
            }
        }
        return isWhole
    }
}
