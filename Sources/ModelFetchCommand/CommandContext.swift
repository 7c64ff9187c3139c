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
    func reportFailures(_ work: () async throws -> Int32) async throws {
        let status: Int32
        do {
            status = try await work()
        } catch {
            status = report(error, directory: nil)
        }
        guard status == 0 else { throw ExitCode(status) }
    }

    /// Says what failed: on stderr, and with `--json` as a report on stdout.
    ///
    /// - Returns: the exit status that it means.
    func report(_ error: any Error, directory: String?) -> Int32 {
        let failure = error as? Failure ?? Failure(.cannotWrite, "\(error)")
        say(failure)
        if isJSON {
            var report: JSONObject = [
                "event": "report", "ok": false, "exit_code": .integer(Int64(failure.kind.rawValue)),
                "error": .object(failure.json), "files": [],
            ]
            if let directory { report["directory"] = .string(directory) }
            print(report)
        }
        return failure.kind.rawValue
    }

    func say(_ failure: Failure) {
        logger.error("\(failure)")
        if let hint = failure.hint { Console.shared.err("hint: \(hint)") }
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
