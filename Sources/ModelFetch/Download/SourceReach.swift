internal import Synchronization
internal import Transfer

/// Which sources can be reached at all, as the files of a run find out together.
///
/// Each file has its own patience with a source. But where one file has spent it all on a source that nobody ever got an answer
/// from, the others need not wait as long for the same: without a network that would be minutes and pages.
final class SourceReach: Sendable {
    private enum State { case answered, silent, givenUp }

    private let states = Mutex<[Int: State]>([:])

    /// A source has answered, if only something useless.
    func answered(_ source: Int) { states.withLock { $0[source] = .answered } }

    /// An attempt failed.
    ///
    /// - Returns: whether another file has given the source up before any answer, and this attempt got none either.
    func note(_ source: Int, _ error: TransferError) -> Bool {
        guard [.nameNotResolved, .connectionFailed, .connectTimeout].contains(error.code) else {
            answered(source)
            return false
        }
        return states.withLock { states in
            if states[source] == nil { states[source] = .silent }
            return states[source] == .givenUp
        }
    }

    /// A file has spent its patience with a source.
    func giveUp(_ source: Int) {
        states.withLock { if $0[source] == .silent { $0[source] = .givenUp } }
    }
}
