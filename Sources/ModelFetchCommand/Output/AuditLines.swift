internal import ModelFetch

/// The results of an audit, as a line per file.
enum AuditLines {
    /// How many files of each state are listed; the rest is only counted.
    private static let fewFiles = 20

    /// - Parameter isVerbose: whether every file is listed.
    static func lines(_ files: [FileReport], isVerbose: Bool = false) -> [String] {
        var lines: [String] = []
        // Of many files that are right, only those with a remark are listed.
        let isLong = files.count { $0.state == .ok } > fewFiles && !isVerbose
        var counts: [FileReport.State: Int] = [:]
        for file in files {
            if file.state == .ok {
                if !isLong || file.note != nil || !file.isPinned { lines.append(line(for: file)) }
                continue
            }
            counts[file.state, default: 0] += 1
            if isVerbose || counts[file.state, default: 0] <= fewFiles { lines.append(line(for: file)) }
        }
        guard !isVerbose else { return lines }
        for state in [FileReport.State.damaged, .missing, .unreadable, .extra] {
            let rest = (counts[state] ?? 0) - fewFiles
            if rest > 0 { lines.append("and \(Formatting.count(rest, "more file")) \(state.rawValue)") }
        }
        return lines
    }

    private static func line(for file: FileReport) -> String {
        let path = printable(file.path, limit: 1024)
        let note = file.note.map { ", \($0)" } ?? ""
        switch file.state {
        case .ok:
            let size = Formatting.bytes(file.actualSize ?? file.size ?? 0)
            if file.isPinned || !file.evidence.isEmpty || file.note == nil {
                let evidence = file.evidence.isEmpty ? "nothing" : file.evidence.joined(separator: ", ")
                let doubt = file.isPinned ? "" : ", no known SHA-256, checked by \(evidence)"
                return "\(path): ok (\(size)\(doubt)\(note))"
            }
            return "\(path): ok (\(size)\(note))"
        case .extra: return "\(path): extra, not in the manifest" + (file.note.map { " (\($0))" } ?? "")
        default: return "\(path): \(file.failure?.message ?? file.state.rawValue)"
        }
    }
}
