internal import Transfer

/// What a run has learned about one source: whether it is worth asking, and when.
///
/// A value, which all files of the run share. Each file still has its own patience with a source (``SourceSchedule``).
struct SourceHealth: Hashable, Sendable {
    private enum Contact { case untried, answered, silent, givenUp }

    /// How often a source may be caught before it is out for the run. Once may be an accident of a transfer.
    static let mostCaught = 2

    private var contact = Contact.untried
    /// Whether it has delivered a whole file after it had refused a range of the file.
    private(set) var refusesRanges = false
    /// How often its bytes were wrong where another source's were right.
    private(set) var timesCaught = 0
    /// Until when its host has asked to be left alone (`Retry-After`), on the run's clock.
    private(set) var notBefore: Duration = .zero

    /// It has answered, even if the answer was of no use.
    mutating func answered() { contact = .answered }

    /// An attempt failed.
    ///
    /// - Returns: whether it is hopeless to try again: another file has given the source up before it ever answered, and this
    ///   attempt did not reach it either.
    mutating func failed(_ error: TransferError) -> Bool {
        guard error.isUnreachable else {
            if !error.isOurs { contact = .answered }
            return false
        }
        if contact == .untried { contact = .silent }
        return contact == .givenUp
    }

    /// A file has spent all its attempts on the source. That concerns other files only if it has never answered.
    mutating func giveUp() {
        if contact == .silent { contact = .givenUp }
    }

    /// It delivered a whole file after it had refused a range of the file.
    mutating func deliveredWhole() { refusesRanges = true }

    /// Its bytes were wrong, and another source's were right.
    ///
    /// - Returns: how often that has happened.
    mutating func `catch`() -> Int {
        timesCaught += 1
        return timesCaught
    }

    /// Its host asked to be left alone. The latest end of all such pauses counts.
    mutating func pause(_ pause: Duration, now: Duration) { notBefore = max(notBefore, now + pause) }
}
