internal import Logging

/// Logs to stderr, a line per message, as in `warning: …`. Without time and label, since people read it as it appears.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level = .notice
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let text = "\(event.message)"
        switch event.level {
        case .error, .critical: Console.shared.err("error: \(text)")
        case .warning: Console.shared.err("warning: \(text)")
        case .debug, .trace: Console.shared.err("debug: \(text)")
        case .info, .notice: Console.shared.err(text)
        }
    }
}
