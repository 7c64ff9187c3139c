internal import ModelFetch

/// Says what a download would do.
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
                    "urls": .array(file.urls.map { .string($0) }),
                ])
            } else {
                let bytes = file.bytes.map { Words.bytes($0) } ?? "size unknown"
                let from = file.action.fetches ? "\(bytes) from \(file.urls.first ?? "?")" : ""
                Console.shared.out("\(file.path): \(file.action.words)\(from.isEmpty ? "" : ", \(from)")")
            }
        }
        if context.isJSON {
            var report = FinalReport(model: plan.model, directory: plan.directory, status: 0, origin: origin).json
            report["dry_run"] = true
            report["bytes_needed"] = .integer(plan.bytes)
            report["bytes_free"] = JSONValue(plan.freeBytes)
            context.print(report)
        } else {
            let free = plan.freeBytes.map { "; \(Words.bytes($0)) are free" } ?? ""
            Console.shared.out(
                "\(printable(plan.directory, limit: 1024)): \(Words.bytes(plan.bytes)) to fetch\(free)")
        }
        return 0
    }
}

extension DownloadPlan.Action {
    fileprivate var fetches: Bool { self == .fetch || self == .resume || self == .replace }

    fileprivate var words: String {
        switch self {
        case .skip: "already here, verified earlier"
        case .check: "already here, to be hashed"
        case .fetch: "to be fetched"
        case .resume: "to be resumed"
        case .replace: "a file of another size stands there, to be put right if it is a copy of the right one"
        }
    }
}
