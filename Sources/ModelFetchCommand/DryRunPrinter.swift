internal import ModelFetch

/// Prints what a download would do.
struct DryRunPrinter {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    func run(_ download: ModelDownload, origin: ManifestOrigin) throws(Failure) -> Int32 {
        let plan = try download.plan()
        for file in plan.files {
            if context.isJSON {
                context.print([
                    "event": "planned", "path": .string(file.path), "action": .string(file.action.rawValue),
                    "size": JSONValue(file.size), "bytes": JSONValue(file.bytes),
                    "bytes_held": .integer(file.bytesHeld),
                    "actual_size": JSONValue(file.sizeFound), "compared_first": .bool(file.isComparedFirst),
                    "kept": .bool(file.isKept),
                    "urls": .array(file.urls.map { .string($0) }),
                ])
            } else {
                Console.shared.out(Self.line(for: file))
            }
        }
        let status = plan.hasRoom ? ExitStatus.success : ExitStatus.cannotWrite
        if context.isJSON {
            var report = FinalReport(model: plan.model, directory: plan.directory, status: status, origin: origin).json
            report["dry_run"] = true
            report["bytes_needed"] = .integer(plan.bytes)
            report["disk_needed"] = .integer(plan.diskBytes)
            report["bytes_free"] = JSONValue(plan.freeBytes)
            report["enough_space"] = plan.freeBytes == nil ? .null : .bool(plan.hasRoom)
            context.print(report)
        } else {
            Console.shared.out(Self.summary(plan))
        }
        return status
    }

    static func line(for file: DownloadPlan.File) -> String {
        let path = printable(file.path, limit: 1024)
        let source = file.urls.first ?? "?"
        let rest = file.bytes.map { Formatting.bytes($0) } ?? "size unknown"
        switch file.action {
        case .skip: return "\(path): already here, verified earlier"
        case .check: return "\(path): already here, would be hashed"
        case .fetch: return "\(path): would be fetched, \(rest) from \(source)"
        case .resume:
            return "\(path): would be resumed at \(Formatting.bytes(file.bytesHeld)), \(rest) from \(source)"
        case .replace:
            let found = "a different file (\(Formatting.bytes(file.sizeFound ?? 0))) already exists"
            let held = file.bytesHeld > 0 ? ", \(Formatting.bytes(file.bytesHeld)) of the right one are here" : ""
            let what =
                file.isComparedFirst
                ? "it would be compared with the source first, and replaced only if it is a damaged copy"
                : "it would be replaced" + (file.isKept ? ", and kept in \(ModelDownload.replacedDirectory)" : "")
            return "\(path): \(found)\(held); \(what), at most \(rest) from \(source)"
        }
    }

    static func summary(_ plan: DownloadPlan) -> String {
        let start = "\(printable(plan.directory, limit: 1024)): \(Formatting.bytes(plan.bytes)) to fetch"
        guard let free = plan.freeBytes else { return start + "; the free space is not known" }
        let room = "\(Formatting.bytes(plan.diskBytes)) of disk needed, \(Formatting.bytes(free)) free"
        return "\(start); \(room): " + (plan.hasRoom ? "enough" : "not enough")
    }
}
