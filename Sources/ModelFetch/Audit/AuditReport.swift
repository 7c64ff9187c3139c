/// What an audit found.
public struct AuditReport: Sendable {
    /// The manifest's name.
    public package(set) var model: String
    /// The directory, as it was given.
    public package(set) var directory: String
    /// Where the manifest came from with which the directory was compared.
    public package(set) var manifestOrigin: ManifestOrigin
    /// The files in the manifest's order, then the files that are not in the manifest.
    public package(set) var files: [FileReport] = []
    /// Why the audit as a whole could not continue; `nil` if it could.
    public package(set) var failure: Failure?
    /// Wall time, in seconds.
    public package(set) var seconds: Double = 0
    /// Whether the audit was cancelled before its end.
    public package(set) var isCancelled = false

    package init(model: String, directory: String, manifestOrigin: ManifestOrigin) {
        self.model = model
        self.directory = directory
        self.manifestOrigin = manifestOrigin
    }

    /// All failures.
    public var failures: [Failure] { (failure.map { [$0] } ?? []) + files.compactMap(\.failure) }

    /// Whether every file of the manifest exists and is right.
    public var isOK: Bool { !isCancelled && failures.isEmpty }

    /// The kind of failure that represents the audit; `nil` if nothing failed.
    public var kind: Failure.Kind? {
        let kinds = Set(failures.map(\.kind))
        return Failure.Kind.byPrecedence.first { kinds.contains($0) }
    }

    /// The number of bytes that were read.
    package var hashedBytes: Int64 {
        files.reduce(0) { $0 + ([.ok, .damaged].contains($1.state) ? $1.actualSize ?? $1.size ?? 0 : 0) }
    }

    /// The number of bytes of the files that are right.
    public var verifiedBytes: Int64 { files.reduce(0) { $0 + ($1.state == .ok ? $1.actualSize ?? $1.size ?? 0 : 0) } }
}

extension AuditReport {
    /// The files, if every file of the manifest exists and is right. Files that are not in the manifest are not an error.
    ///
    /// - Throws: ``ModelFetchError/cancelled`` if the audit was cancelled, whatever had been found by then, and otherwise
    ///   ``ModelFetchError/failed(_:)`` if anything is wrong. Never `CancellationError`.
    @discardableResult
    public func get() throws(ModelFetchError) -> [FileReport] {
        if isCancelled { throw .cancelled }
        if let failure = failures.first(where: { $0.kind == kind }) { throw .failed(failure) }
        return files
    }
}
