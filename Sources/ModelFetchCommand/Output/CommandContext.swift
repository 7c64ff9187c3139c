internal import ArgumentParser
internal import Logging
internal import ModelFetch

/// How a subcommand reports: messages on stderr, JSON on stdout, and the exit status.
struct CommandContext: Sendable {
    let isJSON: Bool
    let isQuiet: Bool
    let isVerbose: Bool
    /// Messages that are neither results nor progress.
    let logger: Logger

    init(isJSON: Bool = false, isQuiet: Bool = false, isVerbose: Bool = false) {
        self.isJSON = isJSON
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
        var logger = Logger(label: "modelfetch") { _ in StandardErrorLog() }
        logger.logLevel = isQuiet ? .error : isVerbose ? .debug : .notice
        self.logger = logger
    }

    /// Runs a subcommand and reports the error that it throws.
    ///
    /// - Parameters:
    ///   - model: the model as the user typed it, for the report of an error.
    ///   - directory: likewise.
    /// - Throws: `ExitCode` for an exit status other than 0.
    func reportFailures(
        model: String? = nil, directory: String? = nil, _ work: () async throws -> Int32
    ) async throws {
        var status: Int32
        do {
            status = try await work()
        } catch {
            status = report(error, model: model, directory: directory)
        }
        if let reason = Console.shared.lostOutput {
            logger.error("stdout could not be written: \(reason)")
            // The work is done, but its results are incomplete. The status of a signal takes precedence.
            if !ExitStatus.isOfSignal(status) { status = ExitStatus.cannotWrite }
        }
        guard status == ExitStatus.success else { throw ExitCode(status) }
    }

    /// Reports an error: on stderr, and with `--json` as a report on stdout.
    ///
    /// - Returns: the exit status for it.
    func report(_ error: any Error, model: String? = nil, directory: String? = nil) -> Int32 {
        let failure = CommandFailure(error)
        say([failure])
        let status = ExitStatus.of(failure.failure.kind)
        if isJSON {
            let (model, directory) = (model.map(withoutSecrets), directory.map(withoutSecrets))
            print(FinalReport(model: model, directory: directory, status: status, failure: failure).json)
        }
        return status
    }

    /// Prints the failures, then a verdict on the whole run, then each distinct hint once.
    func say(_ failures: [Failure], verdict: String? = nil) {
        say(failures.map { CommandFailure($0) }, verdict: verdict)
    }

    private func say(_ failures: [CommandFailure], verdict: String? = nil) {
        for group in FailureGroup.groups(of: failures.map(\.failure)) {
            for line in group.lines { logger.error("\(line)") }
        }
        if let verdict { Console.shared.err(verdict) }
        var said: Set<String> = []
        for hint in failures.compactMap(\.hint) where said.insert(hint).inserted { Console.shared.err("hint: \(hint)") }
    }

    func warn(about catalog: ManifestCatalog) {
        warn(about: catalog.warnings)
        for problem in catalog.problems { logger.warning("\(problem)") }
    }

    func warn(about warnings: [ManifestWarning]) {
        for warning in warnings { logger.warning("\(warning)") }
    }

    /// Prints an object on stdout, as one line.
    func print(_ object: JSONObject) { Console.shared.out(JSONValue(object).compactText()) }
}
