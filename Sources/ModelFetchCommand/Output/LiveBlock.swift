/// What a terminal is sent so that lines at its end are drawn over again (ECMA-48: CUU, ED, EL). The cursor always rests at the start
/// of the line below the block, where a `^C` that is echoed does no harm.
enum LiveBlock {
    private static let eraseToEnd = "\u{1B}[J"
    private static let eraseLine = "\u{1B}[K"

    /// Takes a block away, and leaves the cursor where its first line began.
    static func erasure(of block: [String], columns: Int) -> String {
        block.isEmpty ? "" : home(of: block, columns) + eraseToEnd
    }

    /// Draws over a block in one go, line by line, so that nothing flickers.
    static func change(from block: [String], to lines: [String], columns: Int) -> String {
        let text = home(of: block, columns) + lines.map { $0 + eraseLine + "\n" }.joined()
        return block.isEmpty ? text : text + eraseToEnd
    }

    private static func home(of block: [String], _ columns: Int) -> String {
        guard !block.isEmpty else { return "" }
        // In a window that was made narrower since, lines have been wrapped.
        let rows = block.reduce(0) { $0 + max((TextColumns.count($1) + columns - 1) / max(columns, 1), 1) }
        return "\r\u{1B}[\(rows)A"
    }
}
