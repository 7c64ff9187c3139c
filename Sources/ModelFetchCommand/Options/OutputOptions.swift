internal import ArgumentParser

/// How much is printed, and in which form.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON on stdout, one object per line; the last one is the report.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print diagnostic detail.")
    var verbose = false

    mutating func validate() throws {
        if quiet, verbose { throw ValidationError("Give --quiet or --verbose, not both.") }
    }

    var context: CommandContext { CommandContext(isJSON: json, isQuiet: quiet, isVerbose: verbose) }
}

extension ProgressStyle: ExpressibleByArgument {}
