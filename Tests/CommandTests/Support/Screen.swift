/// What a terminal shows after some output: as much of ECMA-48 as the program uses, wrapping and scrolling.
struct Screen {
    let columns: Int
    let rows: Int
    /// What has scrolled out at the top.
    private(set) var history: [String] = []
    private var cells: [[Character]]
    private var row = 0
    private var column = 0

    init(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        cells = Array(repeating: [], count: rows)
    }

    /// The lines from top to bottom, without what is blank at the ends.
    var lines: [String] {
        var lines = cells.map { trimmed($0) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Everything that can be read, scrolling back.
    var all: [String] { history + lines }

    /// - Throws: what no terminal was asked to understand here.
    mutating func show(_ text: String) throws {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\r": column = 0
            case "\n", "\r\n":
                // The line discipline returns, too (stty onlcr).
                column = 0
                lineFeed()
            case "\u{1B}": try obey(&rest)
            default: put(character)
            }
        }
    }

    private mutating func obey(_ rest: inout Substring) throws {
        guard rest.popFirst() == "[" else { throw Child.Failed(description: "an escape that is no CSI") }
        let parameters = rest.prefix { $0.isNumber || $0 == ";" }
        rest = rest[parameters.endIndex...]
        let count = Int(parameters) ?? 1
        switch rest.popFirst() {
        case "A": row = max(row - count, 0)
        case "J" where parameters.isEmpty:
            cells[row].removeLast(max(cells[row].count - column, 0))
            for below in cells.indices where below > row { cells[below] = [] }
        case "K" where parameters.isEmpty: cells[row].removeLast(max(cells[row].count - column, 0))
        case let final: throw Child.Failed(description: "CSI \(parameters)\(final.map(String.init) ?? "")")
        }
    }

    private mutating func put(_ character: Character) {
        if column == columns {
            column = 0
            lineFeed()
        }
        while cells[row].count <= column { cells[row].append(" ") }
        cells[row][column] = character
        column += 1
    }

    private mutating func lineFeed() {
        if row < rows - 1 {
            row += 1
        } else {
            history.append(trimmed(cells.removeFirst()))
            cells.append([])
        }
    }

    private func trimmed(_ cells: [Character]) -> String {
        var cells = cells[...]
        while cells.last == " " { cells.removeLast() }
        return String(cells)
    }
}
