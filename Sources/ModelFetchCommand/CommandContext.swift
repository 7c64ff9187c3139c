internal import ArgumentParser
internal import Logging
internal import ModelFetch

/// What every subcommand does alike: say what failed, and end with the status that means it.
struct CommandContext: Sendable {
    let isJSON: Bool
    let isQuiet: Bool
    let isVerbose: Bool
    let logger: Logger

    init(_ output: OutputOptions) {
        isJSON = output.json
        isQuiet = output.quiet
        isVerbose = output.verbose
        logger = output.logger
    }

    /// Runs a subcommand's work and ends with its exit status.
    ///
    /// - Parameters:
    ///   - model: what was asked for, as a report of a failure says it.
    ///   - directory: where, likewise.
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
            // What was done is done; but whoever reads the output must not take half of it for all. A signal says more.
            if !ExitStatus.isOfSignal(status) { status = ExitStatus.cannotWrite }
        }
        guard status == 0 else { throw ExitCode(status) }
    }

    /// Says what failed: on stderr, and with `--json` as a report on stdout.
    ///
    /// - Returns: the exit status that it means.
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

    /// Says each failure, then what it all comes to, and then once each what may help: it is often the same for all.
    func say(_ failures: [Failure], verdict: String? = nil) {
        say(failures.map { CommandFailure($0) }, verdict: verdict)
    }

    private func say(_ failures: [CommandFailure], verdict: String? = nil) {
        for group in FailureGroup.groups(of: failures.map(\.failure)) { for line in group.lines { logger.error("\(line)") } }
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

    func print(_ object: JSONObject) { Console.shared.out(JSONValue.object(object).line) }
}

extension OutputOptions {
    /// Of a subcommand that has no such options.
    static var plain: OutputOptions {
        var options = OutputOptions()
        options.json = false
        options.quiet = false
        options.verbose = false
        return options
    }
}
