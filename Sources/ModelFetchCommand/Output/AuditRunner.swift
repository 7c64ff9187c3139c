internal import ModelFetch

/// Runs audits for the command line, one directory after the other.
struct AuditRunner {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// - Parameters:
    ///   - failed: directories that could not be audited at all.
    ///   - status: the exit status of those.
    func run(_ audits: [(LoadedManifest, String)], failed: Int = 0, status: Int32 = 0) async -> Int32 {
        var statuses = status == 0 ? [] : [status]
        var sound = 0
        for (loaded, directory) in audits {
            let progress = PlainProgress(context, isShown: !context.isQuiet && !context.isJSON)
            let (report, signal) = await Interruption.run {
                await ModelAudit(loaded, of: directory).run { progress.showAudit($0) }
            }
            // A signal that came when all was done already changes nothing about what was found.
            let isInterrupted = report.isCancelled
            let status = isInterrupted ? signal ?? 130 : report.kind?.rawValue ?? 0
            show(report, status, isInterrupted: isInterrupted)
            statuses.append(status)
            if status == 0 { sound += 1 }
        }
        let worst = Self.worst(statuses)
        if audits.count + failed > 1, context.isJSON {
            context.print([
                "event": "summary", "ok": .bool(worst == 0), "exit_code": .integer(Int64(worst)),
                "directories": .integer(Int64(audits.count + failed)), "ok_directories": .integer(Int64(sound)),
            ])
        }
        return worst
    }

    /// The status that speaks for several: a signal's first, then by the precedence of failures.
    private static func worst(_ statuses: [Int32]) -> Int32 {
        statuses.first { $0 >= 128 } ?? Failure.Kind.byPrecedence.map(\.rawValue).first { statuses.contains($0) } ?? 0
    }

    private func show(_ report: AuditReport, _ status: Int32, isInterrupted: Bool) {
        if context.isJSON { context.print(FinalReport(report, status: status).json) }
        context.say(report.failures)
        guard !context.isQuiet, !context.isJSON else { return }
        if isInterrupted { return Console.shared.err("interrupted") }
        for file in report.files {
            if let line = Self.line(for: file) { Console.shared.err(line) }
        }
        let known = report.files.filter { $0.state != .extra }
        let sound = known.count { $0.state == .ok }
        let rate =
            report.seconds >= 0.1 ? " (\(Words.bytes(Int64(Double(report.verifiedBytes) / report.seconds)))/s)" : ""
        Console.shared.err(
            "\(report.directory) \(report.isOK ? "is" : "is not") \(report.model): \(sound) of "
                + "\(Words.count(known.count, "file")) right, \(Words.bytes(report.verifiedBytes)) hashed in "
                + "\(Words.seconds(report.seconds))\(rate)")
    }

    private static func line(for file: FileReport) -> String? {
        switch file.state {
        case .ok:
            let size = Words.bytes(file.actualSize ?? file.size ?? 0)
            if let note = file.note { return "\(file.path): ok (\(size), \(note))" }
            if file.isPinned { return "\(file.path): ok (\(size))" }
            let evidence = file.evidence.isEmpty ? "nothing" : file.evidence.joined(separator: ", ")
            return "\(file.path): ok (\(size), no SHA-256 is known: checked by \(evidence))"
        case .extra: return "\(file.path): extra, the manifest does not know it"
        default: return nil
        }
    }
}
