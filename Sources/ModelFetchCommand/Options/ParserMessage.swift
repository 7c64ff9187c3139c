/// The argument parser's messages, which repeat what they complain about.
enum ParserMessage {
    /// Options whose values may be secrets. What stands loose on the command line beside one of them may be a part of its value
    /// that was not quoted, as in `--header Authorization: Bearer abc`.
    private static let secretive = ["--header", "--proxy", "--source", "-H"]

    /// The message without the words of the command line that may be secrets.
    static func withoutSecrets(_ message: String, _ arguments: [String]) -> String {
        let arguments = arguments.dropFirst()
        let isSecretive = arguments.contains { argument in secretive.contains { argument.hasPrefix($0) } }
        var message = message
        for argument in arguments {
            // The value of --option=value, or a word of its own.
            let equals = argument.utf8.firstIndex(of: UInt8(ascii: "="))
            let isOption = argument.hasPrefix("-")
            let value = isOption ? equals.map { String(argument[argument.utf8.index(after: $0)...]) } : argument
            guard let value, !value.isEmpty, isSecretive || value.contains("://") || value.contains("@") else {
                continue
            }
            message = message.replacing("'\(value)'", with: "'…'")
        }
        return message
    }
}
