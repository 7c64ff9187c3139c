/// What is known about the origin of a file's bytes.
package enum Provenance: Hashable, Sendable {
    /// All bytes are one version of the file: they came in one response, or under one unchanged strong validator. `from` is the
    /// address that sent them, not the source that led there: two sources that redirect to one place say the same thing once.
    case oneVersion(from: SourceID)
    /// All bytes came from this source, but possibly from several versions of its file.
    case oneSource(SourceID)
    /// The file is empty.
    case nothing
    /// The bytes came from several sources, or their origin is unknown.
    case mixed
}
