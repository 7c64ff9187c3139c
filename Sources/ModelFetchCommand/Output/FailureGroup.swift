internal import ModelFetch

/// Failures of several files for one reason, printed once: a server that is down fails every file.
struct FailureGroup {
    /// Groups up to this size are printed file by file.
    private static let few = 2
    private static let mostNames = 20

    private(set) var failures: [Failure]

    /// The groups, in the order of their first failures.
    static func groups(of failures: [Failure]) -> [FailureGroup] {
        struct Reason: Hashable {
            let kind: Failure.Kind
            let source: String?
            let brief: String
        }
        var groups: [FailureGroup] = []
        var places: [Reason: Int] = [:]
        for failure in failures {
            let reason = Reason(kind: failure.kind, source: failure.source, brief: failure.brief)
            if failure.file != nil, let place = places[reason] {
                groups[place].failures.append(failure)
            } else {
                places[reason] = groups.count
                groups.append(FailureGroup(failures: [failure]))
            }
        }
        return groups
    }

    var lines: [String] {
        guard failures.count > Self.few else { return failures.map { "\($0)" } }
        let rest = failures.dropFirst()
        var names = rest.prefix(Self.mostNames).compactMap { $0.file.map { printable($0) } }
        if rest.count > names.count { names.append("and \(rest.count - names.count) more") }
        return [
            "\(failures[0])",
            "\(Formatting.count(rest.count, "more file")) for the same reason: \(names.joined(separator: ", "))",
        ]
    }
}
