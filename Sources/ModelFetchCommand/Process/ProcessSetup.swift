internal import CLinux
internal import Foundation
internal import Glibc
internal import Hashing
internal import ModelFetch
internal import Threads

/// Prepares the process, before anything else runs.
enum ProcessSetup {
    /// Starts no thread.
    static func prepare() {
        // If a standard descriptor were closed, the next file opened would get its number, and messages would be written into a
        // model.
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
        // A closed pipe and the limit on file sizes become errors of write(2) instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        SignalHandling.endOnSignals()
        outOfMemory = { what in
            // Nothing here allocates.
            let words: StaticString = "error: too little memory (ulimit -v); what was received is kept\n"
            _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
            _exit(ExitStatus.cannotWrite)
        }
        saveAddresses()
    }

    /// Checks that the process may have the descriptors and the memory that it needs. Without them, Swift's runtime and libdispatch
    /// would trap or wait forever.
    static func checkLimits() throws(Failure) {
        try checkDescriptors()
        try checkMemory()
    }

    /// Checks the same for threads, by starting some and waiting until they have ended.
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
                    "too few files may be open at once: \(descriptorsNeeded) more are needed, \(taken.count) are allowed",
                    remedy: .raiseLimit(.openFiles))
            }
            taken.append(descriptor)
        }
    }

    /// Address space. Threads take most of it: their stacks, and what malloc(3) reserves for each.
    private static let memoryNeeded = 384 << 20

    private static func checkMemory() throws(Failure) {
        guard hasAddressLimit else { return }
        let place = mmap(nil, memoryNeeded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let place, place != MAP_FAILED else {
            throw Failure(
                .cannotWrite, "too little memory: \(memoryNeeded >> 20) MiB of address space are needed",
                remedy: .raiseLimit(.memory))
        }
        munmap(place, memoryNeeded)
    }

    /// Limits malloc(3) to one arena if address space is limited: it would reserve 64 MiB for every thread.
    private static func saveAddresses() {
        if hasAddressLimit { clinux_use_one_arena() }
    }

    private static var hasAddressLimit: Bool {
        let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
        // RLIM_INFINITY, a macro that Swift cannot import, is larger.
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 && limits.rlim_cur < rlim_t.max >> 2
    }
}
