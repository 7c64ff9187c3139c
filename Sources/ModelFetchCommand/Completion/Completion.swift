/// Completes the last word of an unfinished command line. A pure function of its words.
struct Completion: Sendable {
    struct Candidate: Hashable, Sendable {
        let word: String
        let description: String
    }

    struct Answer: Hashable, Sendable {
        var candidates: [Candidate] = []
        /// Whether the word may also be the name of a file, which the shell completes.
        var takesFiles = false
    }

    private let root: CommandTree.Command
    private let models: [Candidate]

    /// - Parameter models: the names of models, and their descriptions.
    init(_ tree: CommandTree, models: [Candidate]) {
        root = tree.command
        self.models = models
    }

    /// - Parameter words: the words after the program's name. The last one is completed; it may be empty.
    func answer(to words: [String]) -> Answer {
        // bash splits `--progress=bar` into three words.
        let words = words.enumerated().filter { $0.element != "=" || $0.offset == words.count - 1 }.map(\.element)
        var current = words.last ?? ""
        if current == "=" { current = "" }
        let line = Line(words.dropLast(), root)
        if let option = line.waiting { return values(of: option, current, after: "") }
        guard current.utf8.first == UInt8(ascii: "-"), !line.hasEndedOptions else { return operand(current, line) }
        if let equals = current.firstIndex(of: "="), let option = line.option(String(current[..<equals])) {
            let end = current.index(after: equals)
            return values(of: option, String(current[end...]), after: String(current[..<end]))
        }
        return options(current, line)
    }

    /// The words before the one that is completed.
    private struct Line {
        /// The commands whose options apply: the innermost one, and at the top level also `download`, the default.
        private(set) var commands: [CommandTree.Command]
        private(set) var operands: [String] = []
        private(set) var given: Set<String> = []
        /// The option whose value comes next.
        private(set) var waiting: CommandTree.Argument?
        private(set) var hasEndedOptions = false

        init(_ words: some Sequence<String>, _ root: CommandTree.Command) {
            commands = [root] + [root.subcommand("download")].compactMap { $0 }
            for word in words {
                if waiting != nil {
                    waiting = nil
                } else if word == "--", !hasEndedOptions {
                    hasEndedOptions = true
                } else if word.utf8.first == UInt8(ascii: "-"), !hasEndedOptions {
                    given.insert(word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word)
                    if let option = option(word), option.kind == "option" { waiting = option }
                } else if operands.isEmpty, let command = commands.first?.subcommand(word) {
                    commands = [command]
                } else {
                    operands.append(word)
                    // Only a download can start with anything but the name of a subcommand.
                    if commands.count > 1 { commands.removeFirst() }
                }
            }
        }

        var isAtTop: Bool { commands.count > 1 }
        var name: String { commands.last?.commandName ?? "" }

        func option(_ word: String) -> CommandTree.Argument? { commands.lazy.compactMap { $0.option(word) }.first }
    }

    private func options(_ current: String, _ line: Line) -> Answer {
        var answer = Answer()
        var seen: Set<String> = []
        for argument in line.commands.flatMap({ $0.arguments ?? [] }) {
            guard let word = argument.longName, word.hasPrefix(current), seen.insert(word).inserted else { continue }
            answer.candidates.append(Candidate(word: word, description: argument.abstract ?? ""))
        }
        return answer
    }

    private func values(of option: CommandTree.Argument, _ current: String, after prefix: String) -> Answer {
        var answer = Answer()
        if let values = option.allValues, !values.isEmpty {
            answer.candidates = values.map { Candidate(word: $0, description: "") }
        } else if option.longName == "--model" {
            answer.candidates = models
        } else {
            answer.takesFiles = ["file", "dir"].contains(option.valueName ?? "")
        }
        answer.candidates = answer.candidates.filter { $0.word.hasPrefix(current) }
            .map { Candidate(word: prefix + $0.word, description: $0.description) }
        return answer
    }

    private func operand(_ current: String, _ line: Line) -> Answer {
        var answer = Answer()
        let subcommands = line.operands.isEmpty ? line.commands.first?.subcommands ?? [] : []
        answer.candidates = subcommands.map { Candidate(word: $0.commandName, description: $0.abstract ?? "") }
        switch line.name {
        case "download":
            if line.operands.isEmpty, !line.given.contains("--manifest") {
                answer.candidates += models
                // The path of a manifest has a slash or a dot.
                answer.takesFiles = !line.isAtTop || current.contains("/") || current.contains(".")
            } else {
                answer.takesFiles = line.operands.count < 2
            }
        case "verify":
            answer.candidates += models
            answer.takesFiles = true
        case "show":
            if line.operands.isEmpty { answer.candidates += models }
            answer.takesFiles = line.operands.isEmpty
        case "check": answer.takesFiles = true
        case "help":
            answer.candidates = (root.subcommands ?? []).map { Candidate(word: $0.commandName, description: "") }
        default: break
        }
        answer.candidates = answer.candidates.filter { $0.word.hasPrefix(current) }
        return answer
    }
}
