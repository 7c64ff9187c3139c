/// Decides from a source's responses whether it serves ranges of a file.
///
/// Some servers respond to every range request with 400, 416, 500 or 501, so that a partial file could never be
/// completed from them. They are asked for the whole file, and the bytes that are already here are skipped. Because 416
/// and 500 may also be temporary, and the whole file costs more than another attempt, these two are retried first.
package struct RangeSupport: Hashable, Sendable {
    /// Whether this source has served a range.
    package private(set) var hasWorked = false
    /// The number of refusals in a row.
    private var refusals = 0
    /// The number of whole files in a row that came instead of a range, after a range had been served.
    private var ignored = 0
    /// Whether the source refuses or ignores ranges but has served the whole file.
    package private(set) var isRefused = false

    package init() {}

    /// Notes a successful response to a range request.
    package mutating func served(_ reply: RangeReply) {
        refusals = 0
        guard reply.isPart else {
            // Of which little had to be skipped.
            if hasWorked { _ = ignoredRange() }
            return
        }
        hasWorked = true
        ignored = 0
    }

    /// Notes that the source sent the whole file although it has served ranges before.
    ///
    /// - Returns: whether to accept that. It is worth some attempts to get the range after all. Once it is accepted, the source counts as one
    ///   that refuses ranges.
    package mutating func ignoredRange() -> Bool {
        guard hasWorked, !isRefused else { return true }
        ignored += 1
        isRefused = ignored >= Self.afterRanges
        return isRefused
    }

    /// Notes the failure of a range request.
    ///
    /// - Parameter retries: how often the source may be tried again.
    /// - Returns: whether to request the whole file now.
    package mutating func failed(_ error: TransferError, retries: Int) -> Bool {
        guard let refusal = Refusal(error) else { return false }
        refusals += 1
        switch refusal {
        case .final: return !hasWorked
        case .lasting: return refusals >= (hasWorked ? Self.afterRanges : 1)
        case .passing: return refusals >= (hasWorked ? Self.afterRanges : retries > 0 ? 2 : 1)
        }
    }

    /// Notes that the source has served the whole file.
    package mutating func servedWhole() { isRefused = true }

    /// Notes the failure of a request for the whole file.
    package mutating func wholeFailed(_ error: TransferError) {
        // If this is refused in the same way, the range was not the reason.
        guard Refusal(error) != nil else { return }
        refusals = 0
        isRefused = false
    }

    /// How many refusals in a row count as one if the source has served ranges before.
    private static let afterRanges = 3

    private enum Refusal {
        /// Would not be retried otherwise.
        case final
        /// Most likely a refusal of ranges.
        case lasting
        /// Possibly temporary.
        case passing

        init?(_ error: TransferError) {
            switch (error.status, error.code) {
            case (400?, .clientError): self = .final
            case (501?, .serverBusy): self = .lasting
            case (500?, .serverBusy), (416?, .rangeNotSatisfiable): self = .passing
            // A 416 with another total has the code `wrongLength` and is about a different file.
            default: return nil
            }
        }
    }
}
