extension DownloadOptions {
    /// The sources of a run with these options, best rank first (``Source/list(for:named:headers:usesNetrc:)``).
    func sources(for manifest: Manifest) throws(Failure) -> [Source] {
        try Source.list(for: manifest, named: sources, headers: headers, usesNetrc: usesNetrc)
    }
}
