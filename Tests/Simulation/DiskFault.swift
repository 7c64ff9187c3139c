/// A fault at a system call of a run.
package struct DiskEvent: Codable, Hashable, Sendable {
    /// The kinds of calls, which are counted separately.
    package enum Call: Int, Codable, CaseIterable, Hashable, Sendable {
        case any, open, status, read, write, truncate, preallocate, synchronize, rename, remove, makeDirectory, lock,
            list, link, copy
    }

    package enum Fault: Codable, Hashable, Sendable {
        /// The call fails.
        case fails(errno: Int32)
        /// This call and every later one of its kind fail.
        case failsFromHere(errno: Int32)
        /// A read or write transfers fewer bytes than requested.
        case short
        /// An fsync fails, and the kernel discards what it could not write; or a writeback fails, and the next fsync
        /// reports it.
        case writebackFails
        /// The process is killed.
        case kill
        /// The power fails. This percentage of the changes that were not durable survives.
        case powerCut(luck: Int)
        /// The user interrupts the run.
        case interrupt
        /// The wall clock is changed by this many seconds.
        case clockStep(Int64)
    }

    package var call: Call
    /// The number of the call among those of this kind in the run, from 0.
    package var index: Int
    package var fault: Fault

    package init(_ call: Call, _ index: Int, _ fault: Fault) {
        self.call = call
        self.index = index
        self.fault = fault
    }
}
