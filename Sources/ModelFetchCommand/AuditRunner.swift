internal import Glibc
internal import ModelFetch

/// Runs audits, one directory after the other, and prints their results.
struct AuditRunner {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// - Parameters:
    ///   - failed: the number of directories that could not be audited at all.
    ///   - status: the exit status for those.
    func run(_ audits: [(LoadedManifest, String)], failed: Int = 0, status: Int32 = 0) async -> Int32 {
        await SignalHandling.holding { await runEach(audits, failed: failed, status: status) }
    }

    private func runEach(_ audits: [(LoadedManifest, String)], failed: Int, status: Int32) async -> Int32 {
        var statuses = status == 0 ? [] : [status]
        var sound = 0
        for (loaded, directory) in audits {
            if let signal = SignalHandling.received {
                // The rest is not started. With --json each still gets a report; for people the first message was enough.
                let report = ModelAudit(loaded, of: directory).cancelledReport()
                if context.isJSON { context.print(FinalReport(report, status: ExitStatus.ofSignal(signal)).json) }
                statuses.append(ExitStatus.ofSignal(signal))
                continue
            }
            let progress = ProgressViews.view(
                context, style: .auto, sizes: loaded.manifest.plannedSizes, isAudit: true)
            let ((report, signal), _) = await progress.accompany {
                await SignalHandling.run { await ModelAudit(loaded, of: directory).run { progress.show($0) } }
            }
            // A signal that arrived after the audit was complete does not change its result.
            let isInterrupted = report.isCancelled
            let status = isInterrupted ? signal ?? ExitStatus.ofSignal(SIGINT) : ExitStatus.of(report.kind)
            show(report, status, isInterrupted: isInterrupted, hasSources: !loaded.manifest.sources.isEmpty)
            statuses.append(status)
            if status == 0 { sound += 1 }
        }
        let worst = ExitStatus.worst(of: statuses)
        if audits.count + failed > 1, context.isJSON {
            context.print([
                "event": "summary", "ok": .bool(worst == 0), "exit_code": .integer(Int64(worst)),
                "directories": .integer(Int64(audits.count + failed)), "ok_directories": .integer(Int64(sound)),
            ])
        }
        return worst
    }

    private func show(_ report: AuditReport, _ status: Int32, isInterrupted: Bool, hasSources: Bool) {
        if context.isJSON { context.print(FinalReport(report, status: status).json) }
        let hasResults = !context.isQuiet && !context.isJSON && !isInterrupted
        if hasResults {
            for line in AuditLines.lines(report.files, isVerbose: context.isVerbose) { Console.shared.out(line) }
            context.say([report.failure].compactMap { $0 })
            Console.shared.out(Self.summary(report))
        } else {
            let isTalkative = !context.isQuiet && !context.isJSON
            context.say(
                report.failures,
                verdict: isTalkative ? "interrupted; the next audit starts from the beginning" : nil)
        }
        if !isInterrupted, report.files.contains(where: { $0.state == .damaged || $0.state == .missing }) {
            Console.shared.err(
                "hint: to fetch what is damaged or missing: \(Self.repairCommand(for: report))"
                    + (hasSources ? "" : " --source URL"))
        }
    }

    private static func summary(_ report: AuditReport) -> String {
        let known = report.files.filter { $0.state != .extra }
        let sound = known.count { $0.state == .ok }
        let rate =
            report.seconds >= 0.1 ? " (\(Formatting.bytes(Int64(Double(report.hashedBytes) / report.seconds)))/s)" : ""
        let directory = printable(report.directory, limit: 1024)
        return "\(directory): \(verdict(on: report)): \(sound) of \(Formatting.count(known.count, "file")) right, "
            + "\(Formatting.bytes(report.hashedBytes)) hashed in \(Formatting.seconds(report.seconds))\(rate)"
    }

    /// Distinguishes a model whose files are missing from one whose files are wrong.
    private static func verdict(on report: AuditReport) -> String {
        let model = report.model
        if report.isOK { return "\(model) is complete" }
        let states = Set(report.files.map(\.state)).subtracting([.extra])
        if report.failure == nil, states == [.missing] { return "the download of \(model) is not finished" }
        guard report.failure == nil, states.contains(.ok) else { return "this is not \(model)" }
        return states.isDisjoint(with: [.damaged, .unreadable]) ? "\(model) is incomplete" : "\(model) is damaged"
    }

    /// The command that repairs a directory.
    private static func repairCommand(for report: AuditReport) -> String {
        let model =
            switch report.manifestOrigin {
            case .builtIn: report.model
            case .file(let path): shellQuoted(path)
            case .receipt: "--manifest " + shellQuoted(report.directory + "/" + ManifestCopy.name)
            }
        return "modelfetch \(model) \(shellQuoted(report.directory))"
    }
}
