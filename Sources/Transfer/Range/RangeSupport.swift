/// Whether a source serves ranges of a file, as far as its answers tell: a value that decides and never waits.
///
/// Some servers answer every request for a range with 400, 416, 500 or 501, and would never complete a partial file. They are
/// asked for the whole, of which the bytes that are here already are skipped. But 416 and 500 may also be passing troubles, and
/// the whole costs more than a second question.
package struct RangeSupport: Hashable, Sendable {
    /// Whether a range has come from this source.
    package private(set) var hasWorked = false
    /// Refusals in a row.
    private var refusals = 0
    /// Whether the whole came where ranges were refused.
    package private(set) var isRefused = false

    package init() {}

    /// A request for a range was answered as it should be.
    package mutating func served(_ reply: RangeReply) {
        refusals = 0
        if reply.isPart { hasWorked = true }
    }

    /// A request for a range failed.
    ///
    /// - Parameter retries: how often the source may be asked again.
    /// - Returns: whether to ask for the whole now.
    package mutating func failed(_ error: TransferError, retries: Int) -> Bool {
        guard let refusal = Refusal(error) else { return false }
        refusals += 1
        switch refusal {
        case .final: return !hasWorked
        case .lasting: return refusals >= (hasWorked ? Self.afterRanges : 1)
        case .passing: return refusals >= (hasWorked ? Self.afterRanges : retries > 0 ? 2 : 1)
        }
    }

    /// The whole came.
    package mutating func servedWhole() { isRefused = true }

    /// The request for the whole failed, too.
    package mutating func wholeFailed(_ error: TransferError) {
        // Then it was not about ranges.
        guard Refusal(error) != nil else { return }
        refusals = 0
        isRefused = false
    }

    /// From a source that has served ranges, so many refusals in a row are needed.
    private static let afterRanges = 3

    private enum Refusal {
        /// Not retried otherwise.
        case final
        /// Hardly anything but a refusal of ranges.
        case lasting
        /// May be over at the next attempt.
        case passing

        init?(_ error: TransferError) {
            switch (error.status, error.code) {
            case (400?, .clientError): self = .final
            case (501?, .serverBusy): self = .lasting
            case (500?, .serverBusy), (416?, .rangeNotSatisfiable): self = .passing
            // A 416 for a wrong total is about another file: TransferError.Code.wrongLength.
            default: return nil
            }
        }
    }
}
