internal import ModelFetch

extension Failure {
    /// An error in a manifest, as the kind of failure that its code stands for.
    init(_ error: ManifestError) {
        let kind: Kind =
            switch error.code {
            case .unknownModel: .usage
            case .missing: .noInput
            case .unreadable: .cannotWrite
            default: .data
            }
        self.init(kind, error.description, remedy: kind == .usage ? .chooseKnownModel : nil)
    }
}
