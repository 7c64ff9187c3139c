internal import ModelFetch

/// The manual page in mdoc(7), generated from the parser's description of the subcommands and options. A pure function.
struct ManualPage {
    private static let width = 76

    private var lines: [String] = []

    /// - Parameter date: as in `November 24, 2026`.
    static func lines(_ tree: CommandTree, date: String) -> [String] {
        var page = ManualPage()
        page.build(tree.command, date)
        return page.lines
    }

    private mutating func build(_ root: CommandTree.Command, _ date: String) {
        lines = [".Dd \(date)", ".Dt MODELFETCH 1", ".Os"]
        lines += [".Sh NAME", ".Nm modelfetch"]
        // mandoc(1) warns of a full stop here.
        lines.append(".Nd download machine-learning models over unreliable networks and verify every file")
        lines += [".Sh SYNOPSIS", ".Nm", ".Ar model", ".Op Ar directory", ".Op Ar options"]
        for command in root.subcommands ?? [] where command.commandName != "help" { synopsis(command, "") }
        lines.append(".Sh DESCRIPTION")
        text(root.abstract ?? "")
        text("Without the name of a subcommand, modelfetch downloads the model that is the first argument.")
        for command in root.subcommands ?? [] where command.commandName != "help" { describe(command, "") }
        lines.append(".Sh ENVIRONMENT")
        list([
            (".Ev MODELFETCH_MANIFESTS", "Directories of your own manifests, separated by colons."),
            (".Ev SSL_CERT_FILE , SSL_CERT_DIR", "Certificate authorities to trust."),
            (".Ev http_proxy , https_proxy , all_proxy , no_proxy", "Proxies, and hosts that need none."),
            (".Ev CI", "If set, progress is printed as lines instead of bars."),
        ])
        lines.append(".Sh FILES")
        list([
            (".Pa NAME.partial", "An unfinished file."),
            (
                ".Pa \(ModelDownload.recordsDirectory)",
                "In a model directory: which bytes are good, which files were verified, and replaced files."
            ),
        ])
        for section in ["EXIT STATUS", "EXAMPLES"] { literal(section, from: root.discussion ?? "") }
    }

    private mutating func synopsis(_ command: CommandTree.Command, _ parent: String) {
        let name = parent + command.commandName
        guard let subcommands = command.subcommands, !subcommands.isEmpty else {
            lines += [".Nm", ".Cm \(name)"] + operands(command) + [".Op Ar options"]
            return
        }
        for subcommand in subcommands { synopsis(subcommand, name + " ") }
    }

    private func operands(_ command: CommandTree.Command) -> [String] {
        (command.arguments ?? []).filter { $0.kind == "positional" && $0.valueName != "subcommands" }.map { argument in
            let name = argument.valueName ?? "argument"
            return argument.isOptional == false ? ".Ar \(name)" : ".Op Ar \(name)"
        }
    }

    private mutating func describe(_ command: CommandTree.Command, _ parent: String) {
        let name = parent + command.commandName
        lines.append(".Ss modelfetch \(name)")
        text(command.abstract ?? "")
        if let discussion = command.discussion, !discussion.isEmpty {
            lines.append(".Pp")
            text(discussion)
        }
        for subcommand in command.subcommands ?? [] { describe(subcommand, name + " ") }
        // Options that every subcommand has are described once.
        let isFirst = command.commandName == "download"
        list(
            (command.arguments ?? []).filter { isFirst || !["version", "help"].contains($0.valueName ?? "") }.map {
                argument in
                let value = argument.valueName ?? "argument"
                guard argument.kind != "positional" else { return (".Ar \(value)", argument.abstract ?? "") }
                let flags = (argument.names ?? []).sorted { $0.kind < $1.kind }.map {
                    "Fl " + ($0.kind == "long" ? "-" : "") + $0.name
                }
                let tail = argument.kind == "option" ? " Ar \(value)" : ""
                return ("." + flags.joined(separator: " , ") + tail, argument.abstract ?? "")
            })
    }

    private mutating func list(_ items: [(tag: String, text: String)]) {
        guard !items.isEmpty else { return }
        lines.append(".Bl -tag -width Ds")
        for item in items {
            lines.append(".It " + item.tag.dropFirst())
            text(item.text)
        }
        lines.append(".El")
    }

    /// The indented lines below a heading, unchanged.
    private mutating func literal(_ heading: String, from discussion: String) {
        let all = discussion.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = all.firstIndex(of: Substring(heading)) else { return }
        lines += [".Sh \(heading)", ".Bd -literal"]
        for line in all[(start + 1)...] {
            guard line.hasPrefix("  ") else { break }
            lines.append(Self.escaped(String(line.dropFirst(2))))
        }
        lines.append(".Ed")
    }

    /// Filled text. As mdoc(7) recommends, each sentence starts a line, and lines are short.
    private mutating func text(_ text: String) {
        var line = ""
        func isEnd(_ word: String) -> Bool { word.hasSuffix(".") || word.hasSuffix("?") }
        for word in text.split(whereSeparator: \.isWhitespace).map(String.init) {
            if !line.isEmpty, line.utf8.count + 1 + word.utf8.count > Self.width {
                lines.append(Self.escaped(line))
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
            if isEnd(word) {
                lines.append(Self.escaped(line))
                line = ""
            }
        }
        if !line.isEmpty { lines.append(Self.escaped(line)) }
    }

    /// Escapes what roff(7) would interpret.
    private static func escaped(_ line: String) -> String {
        let text = line.replacing("\\", with: "\\e").replacing("--", with: "\\-\\-")
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }
}
