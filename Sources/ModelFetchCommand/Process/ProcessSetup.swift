internal import CLinux
internal import Foundation
internal import Glibc
internal import Hashing
internal import ModelFetch
internal import Threads

/// What the process as a whole needs before anything else happens.
enum ProcessSetup {
    /// Starts no thread.
    static func prepare() {
        // A descriptor below 3 that is closed would be given to the next file that is opened, and what is printed would
        // be written into a model. /dev/null takes the place.
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
        // A closed pipe and a file size limit are errors of the call that met them, not reasons to die.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        SignalHandling.endOnSignals()
        outOfMemory = { what in
            // Nothing here takes memory.
            let words: StaticString = "error: there is too little memory (ulimit -v); what was received is kept\n"
            _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
            _exit(ExitStatus.cannotWrite)
        }
        saveAddresses()
    }

    /// Finds out whether the process may have the descriptors and the memory that it cannot do without. Swift's runtime and libdispatch stop the program, or
    /// wait for ever, where they are refused it.
    static func checkLimits() throws(Failure) {
        try checkDescriptors()
        try checkMemory()
    }

    /// The same for threads. Starts some, and waits for their end.
    static func checkThreads() throws(Failure) {
        let processors = ProcessInfo.processInfo.activeProcessorCount
        guard ThreadReserve(ThreadReserve.needed(processors: processors)) != nil else { throw .noThreads }
    }

    /// Two for signals, six for libdispatch's timers and events, four for libcurl's, and what a file and its journal take.
    private static let descriptorsNeeded = 16

    private static func checkDescriptors() throws(Failure) {
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        for _ in 0..<descriptorsNeeded {
            let descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
            guard descriptor >= 0 else {
                throw Failure(
                    .cannotWrite,
                    "too few files may be open at once: \(taken.count) more, and \(descriptorsNeeded) are needed",
                    remedy: .raiseLimit(.openFiles))
            }
            taken.append(descriptor)
        }
    }

    /// Address space, of which threads take most: their stacks, and what malloc(3) sets aside for each.
    private static let memoryNeeded = 384 << 20

    private static func checkMemory() throws(Failure) {
        guard hasAddressLimit else { return }
        let place = mmap(nil, memoryNeeded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let place, place != MAP_FAILED else {
            throw Failure(
                .cannotWrite, "there is too little memory: \(memoryNeeded >> 20) MiB of address space are needed",
                remedy: .raiseLimit(.memory))
        }
        munmap(place, memoryNeeded)
    }

    /// Where address space is limited, malloc(3) makes do with one arena: it would set aside 64 MiB of it for every thread.
    private static func saveAddresses() {
        if hasAddressLimit { clinux_use_one_arena() }
    }

    private static var hasAddressLimit: Bool {
        let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
        // RLIM_INFINITY, which is a macro that Swift cannot read, is above.
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 && limits.rlim_cur < rlim_t.max >> 2
    }
}
