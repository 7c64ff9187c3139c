internal import Hashing
internal import ModelFetch

/// The last object of every run with `--json`. Its fields are the same for all subcommands and results.
struct FinalReport {
    /// The manifest's name, or what the user typed if there is no manifest.
    var model: String?
    var directory: String?
    var status: Int32
    var files: [FileReport] = []
    var bytesDownloaded: Int64 = 0
    var bytesDuplicated: Int64 = 0
    var bytesReused: Int64 = 0
    var sources: [DownloadReport.Delivery] = []
    var retries = 0
    var seconds: Double = 0
    /// The failure of the run as a whole.
    var failure: CommandFailure?
    var origin: ManifestOrigin?

    var json: JSONObject {
        [
            "event": "report", "model": JSONValue(model), "directory": JSONValue(directory), "ok": .bool(status == 0),
            "exit_code": .integer(Int64(status)), "files": .array(files.map { JSONValue($0.json) }),
            "bytes_downloaded": .integer(bytesDownloaded), "bytes_duplicated": .integer(bytesDuplicated),
            "bytes_reused": .integer(bytesReused),
            "sources": .array(
                sources.map {
                    JSONValue(["source": .string($0.source), "bytes_downloaded": .integer($0.bytesDownloaded)])
                }), "retries": .integer(Int64(retries)),
            "seconds": .number((seconds * 1000).rounded() / 1000),
            "error": failure.map { JSONValue($0.json) } ?? .null, "manifest_source": JSONValue(origin?.source),
        ]
    }
}

extension FinalReport {
    init(_ report: DownloadReport, status: Int32, origin: ManifestOrigin) {
        self.init(
            model: report.model, directory: report.directory, status: status, files: report.files,
            bytesDownloaded: report.bytesDownloaded, bytesDuplicated: report.bytesDuplicated,
            bytesReused: report.bytesReused, sources: report.sources, retries: report.retries, seconds: report.seconds,
            failure: report.failure.map { CommandFailure($0) }, origin: origin)
    }

    init(_ report: AuditReport, status: Int32) {
        self.init(
            model: report.model, directory: report.directory, status: status, files: report.files,
            seconds: report.seconds, failure: report.failure.map { CommandFailure($0) }, origin: report.manifestOrigin)
    }
}

extension FileReport {
    var json: JSONObject {
        var object: JSONObject = [
            "path": .string(path), "size": JSONValue(size), "sha256": JSONValue(sha256?.hex), "pinned": .bool(isPinned),
            "state": .string(state.rawValue), "bytes_downloaded": .integer(bytesDownloaded),
            "bytes_duplicated": .integer(bytesDuplicated), "bytes_reused": .integer(bytesReused),
            "error": failure.map { JSONValue(CommandFailure($0).json) } ?? .null,
        ]
        if !evidence.isEmpty { object["evidence"] = .array(evidence.map { .string($0) }) }
        if let actualSize { object["actual_size"] = .integer(actualSize) }
        if let note { object["note"] = .string(note) }
        return object
    }
}
