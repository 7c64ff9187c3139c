internal import Hashing
internal import ModelFetch

extension Failure {
    var json: JSONObject {
        var object: JSONObject = [
            "code": .integer(Int64(kind.rawValue)), "source": JSONValue(source), "offset": JSONValue(offset),
            "message": .string(message),
        ]
        if let hint { object["hint"] = .string(hint) }
        return object
    }
}

extension FileReport {
    var json: JSONObject {
        var object: JSONObject = [
            "path": .string(path), "size": JSONValue(size), "sha256": JSONValue(sha256?.hex), "pinned": .bool(isPinned),
            "state": .string(state.rawValue), "bytes_downloaded": .integer(bytesDownloaded),
            "bytes_reused": .integer(bytesReused), "error": failure.map { .object($0.json) } ?? .null,
        ]
        if !evidence.isEmpty { object["evidence"] = .array(evidence.map { .string($0) }) }
        if let actualSize { object["actual_size"] = .integer(actualSize) }
        if let note { object["note"] = .string(note) }
        return object
    }
}

extension DownloadReport {
    func json(status: Int32, _ origin: ManifestOrigin) -> JSONObject {
        [
            "event": "report", "model": .string(model), "directory": .string(directory), "ok": .bool(status == 0),
            "exit_code": .integer(Int64(status)), "files": .array(files.map { .object($0.json) }),
            "bytes_downloaded": .integer(bytesDownloaded), "bytes_reused": .integer(bytesReused),
            "retries": .integer(Int64(retries)), "seconds": .number(seconds),
            "error": failure.map { .object($0.json) } ?? .null, "manifest_source": .string(origin.source),
        ]
    }
}

extension AuditReport {
    func json(status: Int32) -> JSONObject {
        [
            "event": "report", "model": .string(model), "directory": .string(directory), "ok": .bool(status == 0),
            "exit_code": .integer(Int64(status)), "files": .array(files.map { .object($0.json) }),
            "seconds": .number(seconds), "error": failure.map { .object($0.json) } ?? .null,
            "manifest_source": .string(manifestOrigin.source),
        ]
    }
}
