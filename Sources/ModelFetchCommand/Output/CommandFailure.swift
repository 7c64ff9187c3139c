internal import ModelFetch

/// A failure as the command reports it, with a hint in the words of the command line.
struct CommandFailure: Error {
    let failure: Failure
    /// What may help; `nil` if nothing is known to help.
    let hint: String?

    /// A failure of the library; its ``Failure/remedy`` becomes the hint.
    init(_ failure: Failure) { self.init(failure, hint: failure.remedy?.hint) }

    init(_ failure: Failure, hint: String?) {
        self.failure = failure
        self.hint = hint
    }

    /// A failure of the command itself.
    init(_ kind: Failure.Kind, _ message: String, hint: String) { self.init(Failure(kind, message), hint: hint) }

    /// Whatever was thrown.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as CommandFailure: error
            case let failure as Failure: CommandFailure(failure)
            default: CommandFailure(Failure(.cannotWrite, "\(error)"))
            }
    }
}

extension CommandFailure {
    /// The object that the report and the events have for it: docs/events.md.
    var json: JSONObject {
        var object: JSONObject = [
            "code": .integer(Int64(ExitStatus.of(failure.kind))), "source": JSONValue(failure.source),
            "offset": JSONValue(failure.offset), "message": .string(failure.message),
        ]
        if let hint { object["hint"] = .string(hint) }
        return object
    }
}
