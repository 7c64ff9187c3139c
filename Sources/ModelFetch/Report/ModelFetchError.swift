public import Foundation

/// Why a download or an audit did not come to a good end, for callers who would rather be thrown an error than read a report.
public enum ModelFetchError: Error, Hashable, Sendable {
    /// It failed. Of several failures, this is the first one of the kind that speaks for the run; the report has all of them.
    case failed(Failure)
    /// Its task was cancelled before the end. What was received is kept, and the next run goes on from there.
    case cancelled
}

extension ModelFetchError: CustomStringConvertible, LocalizedError {
    /// The failure's sentence, or that it was cancelled.
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
