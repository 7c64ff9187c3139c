internal import ArgumentParser
internal import Logging

/// How much is said, and how.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object a line on stdout; the last one is the report.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print diagnostic detail.")
    var verbose = false

    mutating func validate() throws {
        if quiet, verbose { throw ValidationError("Give --quiet or --verbose, not both.") }
    }

    /// Messages that are neither data nor progress.
    var logger: Logger {
        var logger = Logger(label: "modelfetch") { _ in StandardErrorLog() }
        logger.logLevel = quiet ? .error : verbose ? .debug : .notice
        return logger
    }
}

/// How progress is shown.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    /// Bars on a terminal, plain lines elsewhere.
    case auto
    /// Bars that are drawn over, wherever stderr goes.
    case bar
    /// A line when something happens, and every 10 s.
    case plain
    case none
}
