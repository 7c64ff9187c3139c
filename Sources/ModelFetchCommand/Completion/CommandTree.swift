internal import ArgumentParser
internal import Foundation

/// The subcommands and options, as the parser describes them.
struct CommandTree: Decodable, Sendable {
    struct Command: Decodable, Sendable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let subcommands: [Command]?
        let arguments: [Argument]?

        func subcommand(_ name: String) -> Command? { subcommands?.first { $0.commandName == name } }

        /// The option or flag with this name, as in `--source`.
        func option(_ word: String) -> Argument? {
            arguments?.first { argument in argument.names?.contains { $0.word == word } == true }
        }
    }

    struct Argument: Decodable, Sendable {
        /// `option`, `flag` or `positional`.
        let kind: String
        let names: [Name]?
        let abstract: String?
        let valueName: String?
        let allValues: [String]?
        let isOptional: Bool?

        var longName: String? { names?.first { $0.kind == "long" }?.word }
    }

    struct Name: Decodable, Sendable {
        let kind: String
        let name: String

        var word: String { (kind == "long" ? "--" : "-") + name }
    }

    let command: Command

    /// The tree below a command; `nil` if the parser describes it in an unknown form.
    init?(of root: any ParsableCommand.Type) {
        guard let tree = try? JSONDecoder().decode(CommandTree.self, from: Data(root._dumpHelp().utf8)) else {
            return nil
        }
        self = tree
    }
}
