internal import Transfer

/// The failure of a file all of whose sources were given up: its kind, and what may help. A value.
struct SourceOutcome: Hashable, Sendable {
    /// Why each source was given up.
    let verdicts: [SourceVerdict]

    /// The kind of the failure.
    var kind: Failure.Kind {
        // A source whose failure may pass may still be right, so that another run is worth trying.
        if verdicts.contains(where: \.isTemporary) { return .unavailable }
        if verdicts.contains(.contradicted) { return .data }
        let areAllRefused = verdicts.allSatisfy { if case .refused = $0 { true } else { false } }
        return areAllRefused && !verdicts.isEmpty ? .refused : .unavailable
    }

    /// What may help.
    var remedy: Remedy {
        if kind == .data { return .addSource }
        let errors = verdicts.compactMap(\.error)
        if errors.contains(where: { $0.code == .denied }) { return .giveCredentials }
        if let remedy = errors.lazy.compactMap(\.remedy).first { return Remedy(remedy) }
        if kind == .refused { return .checkForLoginPage }
        // No source has the file, or none gives it: another run will not help.
        if !verdicts.contains(where: \.isTemporary) { return .checkAddress }
        return verdicts.allSatisfy(\.isOutOfReach) ? .checkNetwork : .runAgain
    }
}
