/// A run in a directory that cannot be written to.
extension DownloadRun {
    /// Checks whether every selected file exists and is right, by its receipt or its hash. Nothing else can be done here.
    ///
    /// - Returns: whether all of them are. Those that are right are reported as skipped in any case.
    /// - Throws: a ``Failure`` for a directory that holds another model, and `CancellationError`.
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
