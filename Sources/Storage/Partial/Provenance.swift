/// What is known about the origin of a file's bytes.
package enum Provenance: Hashable, Sendable {
    /// All bytes are one version of this source's file: they came in one response, or under one unchanged strong validator.
    case oneVersion(SourceID)
    /// All bytes came from this source, but possibly from several versions of its file.
    case oneSource(SourceID)
    /// The file is empty.
    case nothing
    /// The bytes came from several sources, or their origin is unknown.
    case mixed
}
