internal import ModelFetch

/// What the program ends with (sysexits(3)). Scripts depend on it: docs/exit-codes.md.
enum ExitStatus {
    static let success: Int32 = 0
    /// Output was lost, or there is not enough memory or disk.
    static let cannotWrite = of(.cannotWrite)

    /// The status of a failure; 0 for none.
    static func of(_ kind: Failure.Kind?) -> Int32 {
        switch kind {
        case nil: success
        case .usage: 64
        case .data: 65
        case .noInput: 66
        case .unavailable: 69
        case .cannotWrite: 73
        case .locked: 75
        case .refused: 76
        }
    }

    /// The status of a run that a signal ended, as a shell shows it.
    static func ofSignal(_ number: Int32) -> Int32 { 128 + number }

    static func isOfSignal(_ status: Int32) -> Bool { status >= 128 }

    /// The status of several runs: that of a signal first, then by the precedence of failures.
    static func worst(of statuses: [Int32]) -> Int32 {
        statuses.first(where: isOfSignal) ?? Failure.Kind.byPrecedence.map { of($0) }.first { statuses.contains($0) }
            ?? success
    }
}
