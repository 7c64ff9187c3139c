import Foundation
import Testing

/// A line of `--json`, as Foundation reads it: by another parser than the program's own.
struct JSONLine {
    let object: [String: Any]

    init(_ line: some StringProtocol) throws {
        let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
        object = try #require(value as? [String: Any], "not an object: \(line)")
    }

    var event: String? { object["event"] as? String }
    var keys: Set<String> { Set(object.keys) }
    var files: [JSONLine] { ((object["files"] as? [[String: Any]]) ?? []).map { JSONLine(object: $0) } }
    var error: JSONLine? { (object["error"] as? [String: Any]).map { JSONLine(object: $0) } }

    func int(_ key: String) -> Int64? { (object[key] as? NSNumber)?.int64Value }
    func string(_ key: String) -> String? { object[key] as? String }
    func bool(_ key: String) -> Bool? { object[key] as? Bool }
    func isNull(_ key: String) -> Bool { object[key] is NSNull }

    private init(object: [String: Any]) { self.object = object }

    /// The states of the files by their paths.
    var states: [String: String] {
        Dictionary(files.map { ($0.string("path") ?? "?", $0.string("state") ?? "?") }) { first, _ in first }
    }
}

extension Child.Result {
    /// Every line of stdout, each of which must be an object with an event.
    func events(_ location: SourceLocation = #_sourceLocation) throws -> [JSONLine] {
        let events = try lines.map { try JSONLine($0) }
        for event in events { #expect(event.event != nil, "\(event.object)", sourceLocation: location) }
        return events
    }

    /// The report, which must be the last line, be the only one, have the documented fields, and tell the truth about the status.
    func report(_ location: SourceLocation = #_sourceLocation) throws -> JSONLine {
        let events = try events(location)
        let last = try #require(events.last, "nothing on stdout; stderr: \(err)", sourceLocation: location)
        #expect(last.event == "report", sourceLocation: location)
        #expect(events.count { $0.event == "report" } == 1, sourceLocation: location)
        last.expectReportFields(location)
        #expect(last.int("exit_code") == Int64(shellStatus), sourceLocation: location)
        #expect(last.bool("ok") == (status == 0), sourceLocation: location)
        return last
    }
}

extension JSONLine {
    static let reportFields: Set = [
        "event", "model", "directory", "ok", "exit_code", "files", "bytes_downloaded", "bytes_duplicated",
        "bytes_reused", "sources", "retries", "seconds", "error", "manifest_source",
    ]
    static let fileFields: Set = [
        "path", "size", "sha256", "pinned", "state", "bytes_downloaded", "bytes_duplicated", "bytes_reused", "error",
    ]
    static let optionalFileFields: Set = ["evidence", "actual_size", "note"]
    static let errorFields: Set = ["code", "source", "offset", "message"]

    func expectReportFields(_ location: SourceLocation = #_sourceLocation) {
        let dryRun: Set =
            bool("dry_run") == true
            ? ["dry_run", "bytes_needed", "disk_needed", "bytes_free", "enough_space"] : []
        #expect(keys == Self.reportFields.union(dryRun), sourceLocation: location)
        for file in files {
            #expect(file.keys.subtracting(Self.optionalFileFields) == Self.fileFields, sourceLocation: location)
            file.error?.expectErrorFields(location)
        }
        error?.expectErrorFields(location)
    }

    func expectErrorFields(_ location: SourceLocation = #_sourceLocation) {
        #expect(keys.subtracting(["hint"]) == Self.errorFields, sourceLocation: location)
    }
}

extension Child {
    /// How often it has said, with `--json`, that it tries again.
    var retries: Int { outputSoFar.components(separatedBy: #""event":"retry""#).count - 1 }
}
