#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

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
        Interruption.endOnSignals()
    }
}
