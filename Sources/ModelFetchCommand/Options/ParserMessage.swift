/// The messages of the argument parser, which quote what they complain about.
enum ParserMessage {
    /// Options whose values may be secrets.
    private static let secretive = ["--header", "--proxy", "--source", "-H"]

    /// The message without those words of the command line that may be secrets: whatever looks like a URL or holds an `@`, the values
    /// of secretive options, and loose words behind one. These may belong to its value if that was not quoted, as in
    /// `--header Authorization: Bearer abc`.
    static func withoutSecrets(_ message: String, _ arguments: [String]) -> String {
        var message = message
        var followsSecretive = false
        for argument in arguments.dropFirst() {
            let isOption = argument.hasPrefix("-")
            if isOption { followsSecretive = secretive.contains { argument.hasPrefix($0) } }
            // The value of --option=value, or a word of its own.
            let equals = argument.utf8.firstIndex(of: UInt8(ascii: "="))
            let value = isOption ? equals.map { String(argument[argument.utf8.index(after: $0)...]) } : argument
            guard let value, !value.isEmpty, followsSecretive || value.contains("://") || value.contains("@") else {
                continue
            }
            message = message.replacing("'\(value)'", with: "'…'")
        }
        return message
    }
}
