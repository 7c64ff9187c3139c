/// Something that happens at one system call of a run.
package struct DiskEvent: Codable, Hashable, Sendable {
    /// The calls that are counted together.
    package enum Call: Int, Codable, CaseIterable, Hashable, Sendable {
        case any, open, status, read, write, truncate, preallocate, synchronize, rename, remove, makeDirectory, lock,
            list, link, copy
    }

    package enum Fault: Codable, Hashable, Sendable {
        /// The call fails.
        case fails(errno: Int32)
        /// This call and every later one of its kind fail.
        case failsFromHere(errno: Int32)
        /// A read or write moves fewer bytes than asked for.
        case short
        /// An fsync fails, and the kernel forgets what it could not write; or a writeback does, and the next fsync tells.
        case writebackFails
        /// The process is killed.
        case kill
        /// The machine stops; so many out of a hundred of the changes that were not durable are there afterwards.
        case powerCut(luck: Int)
        /// The user interrupts the run.
        case interrupt
        /// The wall clock jumps, in seconds.
        case clockStep(Int64)
    }

    package var call: Call
    /// Which of the run's calls of this kind, from 0.
    package var index: Int
    package var fault: Fault

    package init(_ call: Call, _ index: Int, _ fault: Fault) {
        self.call = call
        self.index = index
        self.fault = fault
    }
}
