public import Foundation

/// Why a download or an audit did not succeed, for callers that prefer a thrown error to a report.
public enum ModelFetchError: Error, Hashable, Sendable {
    /// It failed. Of several failures this is the first one of the kind with the highest precedence; the report has all of them.
    case failed(Failure)
    /// Its task was cancelled. What was received is kept, and the next run resumes from there.
    case cancelled
}

extension ModelFetchError: CustomStringConvertible, LocalizedError {
    /// The description of the failure, or that the run was cancelled.
    public var description: String {
        switch self {
        case .failed(let failure): failure.description
        case .cancelled: "cancelled; what was received is kept"
        }
    }

    /// The same as ``description``.
    public var errorDescription: String? { description }

    /// The description of the failure's ``Failure/remedy``.
    public var recoverySuggestion: String? {
        if case .failed(let failure) = self { failure.recoverySuggestion } else { nil }
    }
}
