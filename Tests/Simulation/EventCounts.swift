import ModelFetch

/// How often something happened that is to happen in some schedules: what never does is not tested.
package struct EventCounts: Hashable, Sendable {
    /// Leases that took over a part of another one, or fetched it a second time, or were ended early.
    package private(set) var (stolen, hedged, slow, silent, yielded) = (0, 0, 0, 0, 0)
    /// Sources whose bytes were discarded after a wrong digest, and those that were proved wrong.
    package private(set) var (accused, liars) = (0, 0)

    mutating func note(_ event: DownloadEvent) {
        switch event {
        case .debug(let text) where text.hasSuffix("taken over from another connection"): stolen += 1
        case .debug(let text) where text.hasSuffix("because a connection is silent"): hedged += 1
        case .debug(let text) where text.hasSuffix("far slower than the others"): slow += 1
        case .debug(let text) where text.hasSuffix("nothing comes any more"): silent += 1
        case .debug(let text) where text.hasSuffix("its connection is needed"): yielded += 1
        case .discarded(_, _, let reason) where reason.hasSuffix("fetched from another source"): accused += 1
        case .warning(let text) where text.contains("delivered wrong bytes"): liars += 1
        default: break
        }
    }

    static func += (left: inout Self, right: Self) {
        left.stolen += right.stolen
        left.hedged += right.hedged
        left.slow += right.slow
        left.silent += right.silent
        left.yielded += right.yielded
        left.accused += right.accused
        left.liars += right.liars
    }
}

extension EventCounts: CustomStringConvertible {
    package var description: String {
        "leases: \(stolen) stolen, \(hedged) hedged, cut: \(slow) slow, \(silent) silent, \(yielded) for other files; "
            + "sources: \(accused) accused, \(liars) found to be wrong"
    }
}
