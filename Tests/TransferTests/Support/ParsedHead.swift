@testable import Transfer

/// A head as a table writes it: `206|content-range: bytes 0-9/100|content-length: 10`.
func parsedHead(_ text: String) -> ResponseHead {
    let parts = text.split(separator: "|")
    let fields = parts.dropFirst().map { line in
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        return (name: String(line[..<colon]), value: trimmed(line[colon...].dropFirst()))
    }
    return ResponseHead(status: Int(parts[0]) ?? 0, fields: fields)
}
