internal import Storage

/// What can fail before a run begins.
extension ModelDownload {
    /// Does the part of ``run(onEvent:)`` that needs neither threads nor the network: checks the options, and creates the
    /// directory. Callers that must do something between this part and the rest call it first; others need not.
    ///
    /// - Returns: the report of the run if the run has ended here already.
    package func prepare() -> DownloadReport? {
        var report = DownloadReport(model: manifest.name, directory: directory)
        do {
            try checkLibraries()
            let selected = try selectedFiles()
            let sources = try options.sources(for: manifest)
            report.files = ReportCollector(selected, emit: { _ in }).all
            // No directory is created for a run that could not fetch anything.
            let exists = (try? ModelDirectory(existing: directory, on: SystemDisk())) != nil
            guard exists || !sources.isEmpty else { throw Source.none(for: manifest) }
            _ = try ModelDirectory(creating: directory, on: SystemDisk())
            return nil
        } catch let error as StorageError {
            report.failure = Failure(error)
        } catch {
            report.failure = error as? Failure ?? Failure(.cannotWrite, "\(error)")
        }
        return report
    }

    /// The selected files, in the manifest's order.
    ///
    /// - Throws: a ``Failure`` for invalid options, for a pattern that matches no file, and for a file without a SHA-256 if
    ///   every file must have one.
    func selectedFiles() throws(Failure) -> [ManifestFile] {
        try options.check()
        let selected = try options.selection.files(of: manifest)
        if options.requireSHA256, let file = selected.first(where: { !$0.isPinned }) {
            throw Failure(
                .data, file: file.path.string,
                "the manifest has no SHA-256 for it (\(printable(file.unpinned ?? "no reason given"))), and one is required"
            )
        }
        return selected
    }
}
