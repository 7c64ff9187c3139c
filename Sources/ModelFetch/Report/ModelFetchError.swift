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

    /// The failure's ``Failure/hint``.
    public var recoverySuggestion: String? {
        if case .failed(let failure) = self { failure.hint } else { nil }
    }
}

extension DownloadReport {
    /// The files, if all that were asked for are there and verified.
    ///
    /// A marker that is held back because other files were not asked for (``FileReport/State/held``) is not an error.
    ///
    /// - Throws: ``ModelFetchError/cancelled`` if the run was cancelled, whatever had failed by then, and otherwise
    ///   ``ModelFetchError/failed(_:)`` if anything failed. Never `CancellationError`.
    @discardableResult
    public func get() throws(ModelFetchError) -> [FileReport] {
        if isCancelled { throw .cancelled }
        if let failure = failures.first(where: { $0.kind == kind }) { throw .failed(failure) }
        return files
    }
}

extension AuditReport {
    /// The files, if every file of the manifest is there and right. Files that the manifest does not know are no error.
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
