internal import Transfer

/// Why a source was given up.
enum SourceVerdict: Hashable, Sendable {
    /// All allowed attempts failed.
    case spent(TransferError)
    /// It could not be reached, and another file of the run has already spent all allowed attempts on it.
    case unreachable(TransferError)
    /// It does not have the file, or denies it.
    case withheld(TransferError)
    /// It gave a wrong or unsafe answer.
    case refused(TransferError)
    /// It delivered the whole file, with a wrong digest.
    case contradicted
}

extension SourceVerdict {
    /// The source's last error; `nil` if it delivered the file.
    var error: TransferError? {
        switch self {
        case .spent(let error), .unreachable(let error), .withheld(let error), .refused(let error): error
        case .contradicted: nil
        }
    }

    /// Whether the source could not be reached.
    var isOutOfReach: Bool { error?.isUnreachable == true }

    /// Whether another run may succeed with the source.
    var isTemporary: Bool {
        switch self {
        case .spent, .unreachable: true
        case .withheld, .refused, .contradicted: false
        }
    }

    /// What happened in two or three words.
    var brief: String { error?.brief ?? "another digest" }

    /// What happened, in words.
    ///
    /// - Parameters:
    ///   - source: the source as messages show it.
    ///   - attempts: how many attempts without progress were allowed.
    func reason(_ source: String, attempts: Int) -> String {
        switch self {
        case .spent(let error):
            "gave up after \(attempts == 1 ? "1 attempt" : "\(attempts) attempts without progress"): \(error)"
        case .unreachable(let error): "\(error) (not retried: the host is unreachable)"
        case .withheld(let error), .refused(let error): error.description
        case .contradicted: "\(source) has a file with another digest"
        }
    }
}
