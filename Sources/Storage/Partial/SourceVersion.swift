package import Hashing

/// Which source bytes came from: a digest of its whole URL, so that two that differ in a query alone are two, and no secret of
/// a URL reaches the disk.
package struct SourceID: Hashable, Sendable {
    package let digest: SHA256Digest

    /// - Parameter url: the whole URL, query included, without user and password.
    package init(url: String) {
        digest = Array(url.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) }
    }

    init(digest: SHA256Digest) { self.digest = digest }
}

/// Which version of a file bytes came from, as far as its source tells.
package struct SourceVersion: Hashable, Sendable {
    package var source: SourceID
    /// Where the source's redirects led; the source itself where there were none. A source that redirects to several servers
    /// may have several versions under one validator.
    package var place: SourceID
    /// A strong validator (RFC 9110 §8.8.1) in its journal form; empty where the source gave none.
    package var validator: String
    /// Whether all bytes of this version came in one answer, and so are of one version whatever the source tells. Two such
    /// answers are never the same version.
    package var isOneAnswer: Bool

    /// - Parameter place: the source itself, unless told.
    package init(_ source: SourceID, at place: SourceID? = nil, validator: String, isOneAnswer: Bool = false) {
        self.source = source
        self.place = place ?? source
        self.validator = validator
        self.isOneAnswer = isOneAnswer
    }

    /// Whether bytes of another answer may be added to those of this version.
    package var isResumable: Bool { !validator.isEmpty && !isOneAnswer }
    /// Whether its bytes are those of one version.
    var isOneVersion: Bool { !validator.isEmpty || isOneAnswer }
}

/// What is known of where all bytes of a file came from.
package enum Provenance: Hashable, Sendable {
    /// They are one version of this source's file: they came in one answer, or under one unchanged strong validator.
    case oneVersion(SourceID)
    /// They came from this source, and may be of several versions.
    case oneSource(SourceID)
    /// The file is empty.
    case nothing
    /// They came from several sources, or nobody knows where from.
    case mixed
}
