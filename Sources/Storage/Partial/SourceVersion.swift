/// The version of a file that bytes belong to, as far as its source tells.
package struct SourceVersion: Hashable, Sendable {
    package var source: SourceID
    /// The address that sent the bytes, which is the same for every source that leads there. A source that redirects to several
    /// servers may serve several versions under one validator, and several sources may redirect to one server.
    package var place: SourceID
    /// A strong validator (RFC 9110 §8.8.1) in its journal form; empty if the source gave none.
    package var validator: String
    /// Whether all bytes of this version came in one response, and so belong together whatever the source tells. Two such
    /// responses are never the same version.
    package var isOneAnswer: Bool

    /// - Parameter place: the source itself by default.
    package init(_ source: SourceID, at place: SourceID? = nil, validator: String, isOneAnswer: Bool = false) {
        self.source = source
        self.place = place ?? source
        self.validator = validator
        self.isOneAnswer = isOneAnswer
    }

    /// Whether bytes from another response may be added to those of this version.
    package var isResumable: Bool { !validator.isEmpty && !isOneAnswer }
    /// Whether its bytes are known to belong to one version of the file.
    var isOneVersion: Bool { !validator.isEmpty || isOneAnswer }
}
