internal import ModelFetch

/// Draws the state of a run as lines for a terminal: one per active file, and one for the total. A pure function.
///
/// From left to right: name, bytes of bytes, bar, rate, time left; or, instead of rate and time, what the file is waiting for.
struct ProgressDrawing: Hashable, Sendable {
    /// No more files than this are shown, however many lines the terminal has.
    private static let mostFiles = 8
    /// A file that has received nothing for so long is marked.
    private static let silence: Duration = .seconds(5)

    /// The size of the terminal.
    var columns: Int
    var rows: Int
    var glyphs: Glyphs

    func lines(_ state: ProgressState, at now: Duration) -> [String] {
        guard state.fileCount > 0 else { return [] }
        let busy = state.active.filter { $0.stage != .holding }
        // If not all of them fit, a line says how many there are; on a terminal of a few lines the total says it instead of its rate.
        let hasMoreLine = rows > 4 && busy.count > min(rows - 3, Self.mostFiles)
        let room = max(min(rows - (hasMoreLine ? 4 : 3), Self.mostFiles), 1)
        let files = Array(busy.prefix(room))
        let counter =
            "\(state.finished - state.failed) of \(Formatting.count(state.fileCount, "file"))"
            + (state.failed > 0 ? ", \(state.failed) failed" : "")
        let layout = Layout(columns: columns, names: files.map { printable($0.path) } + [counter], glyphs)
        var lines = files.map { layout.line(Self.row($0, at: now)) }
        // A single file needs no total.
        guard state.fileCount > 1 else { return lines }
        var total = Row(
            name: counter, done: state.done, claimed: state.active.reduce(0) { $0 + $1.unchecked },
            size: state.totalBytes > 0 ? state.totalBytes : nil)
        total.rate = state.rate.rate(at: now)
        total.left = Self.timeLeft(state.missing, total.rate)
        let more = busy.count - files.count
        if hasMoreLine {
            lines.append(TextColumns.cut("and \(more) more", to: max(columns - 1, 1), cut: ""))
        } else if more > 0 {
            total.words = "and \(more) more"
        }
        lines.append(layout.line(total))
        return lines
    }

    private static func row(_ file: ProgressState.File, at now: Duration) -> Row {
        var row = Row(name: printable(file.path), done: file.done, claimed: file.unchecked, size: file.size)
        row.words = words(file, at: now)
        row.rate = file.rate.rate(at: now)
        row.left = file.missing.flatMap { timeLeft($0, row.rate) }
        return row
    }

    /// The stage of a file, unless it is simply receiving.
    private static func words(_ file: ProgressState.File, at now: Duration) -> String? {
        switch file.stage {
        case .waiting(let until, let reason, let attempt):
            let pause = Int(((until - now) / .seconds(1)).rounded(.up))
            return (pause > 0 ? "waiting \(pause) s: " : "trying again: ") + "\(reason), try \(attempt)"
        case _ where file.unchecked > 0: return "resuming, checking \(Formatting.bytes(file.unchecked))"
        case .connecting: return "connecting"
        case .repeating(let bytes): return "cannot resume, repeating \(Formatting.bytes(bytes))"
        case .hashing: return file.rate.rate(at: now) == nil ? "hashing" : nil
        case .comparing: return "comparing with the source"
        case .verifying: return "verifying"
        case .holding: return "verified, waiting for the rest"
        case .publishing: return "writing to disk"
        case .receiving:
            guard let last = file.lastByteAt, now - last >= silence else { return nil }
            return "nothing for \(Int((now - last) / .seconds(1))) s"
        }
    }

    private static func timeLeft(_ bytes: Int64, _ rate: Double?) -> String? {
        guard let rate, rate >= 1 else { return nil }
        return Formatting.clock(Double(bytes) / rate)
    }

    /// The contents of a line.
    struct Row {
        var name: String
        var done: Int64
        /// The part of `done` that is not yet checked.
        var claimed: Int64
        var size: Int64?
        var rate: Double?
        var left: String?
        /// Instead of rate and time.
        var words: String?
    }
}

/// The columns of one drawing.
private struct Layout {
    private static let amountColumns = 14
    private static let rateColumns = 10
    private static let leftColumns = 6
    private static let leastName = 12
    private static let leastBar = 4
    private static let mostBar = 40

    private let glyphs: Glyphs
    private let gap: String
    private let nameColumns: Int
    /// Whether there is room for the time left.
    private let hasLeft: Bool
    /// 0 if there is no room for a bar.
    private let barColumns: Int
    /// Everything to the right of the amount.
    private let restColumns: Int

    init(columns: Int, names: [String], _ glyphs: Glyphs) {
        // The last column stays empty: terminals differ in when they wrap.
        let columns = max(columns - 1, 1)
        let gap = columns < 79 ? 1 : 2
        let longest = names.map { TextColumns.count($0) }.max() ?? 0
        let widest = columns < 79 ? 16 : columns / 3
        // On a narrow terminal the time left is dropped before names are cut beyond recognition; then names give way, and then the
        // rest is cut.
        let room = columns - Self.amountColumns - Self.rateColumns - 2 * gap
        let leftColumns = gap + Self.leftColumns
        hasLeft = room - leftColumns >= min(longest, Self.leastName)
        let tail = Self.rateColumns + (hasLeft ? leftColumns : 0)
        nameColumns = max(min(longest, widest, columns - Self.amountColumns - tail - 2 * gap), 1)
        restColumns = columns - nameColumns - Self.amountColumns - 2 * gap
        let bar = min(restColumns - tail - gap, Self.mostBar)
        barColumns = bar >= Self.leastBar ? bar : 0
        self.gap = String(repeating: " ", count: gap)
        self.glyphs = glyphs
    }

    func line(_ row: ProgressDrawing.Row) -> String {
        let name = TextColumns.fit(row.name, nameColumns, cut: glyphs.cut)
        let line = name + gap + Self.padded(amount(row), Self.amountColumns) + gap + rest(row)
        // Trailing spaces need not be drawn.
        return TextColumns.cut(line, to: nameColumns + Self.amountColumns + 2 * gap.count + restColumns, cut: "")
            .replacing(/\ +$/, with: "")
    }

    private func amount(_ row: ProgressDrawing.Row) -> String {
        row.size.map { Formatting.share(row.done, of: $0) } ?? Formatting.bytes(row.done)
    }

    private func rest(_ row: ProgressDrawing.Row) -> String {
        var bar = ""
        if barColumns > 0 {
            let size = Double(max(row.size ?? 0, 1))
            let isKnown = row.size != nil
            bar = glyphs.bar(
                barColumns, done: isKnown ? Double(row.done - row.claimed) / size : 0,
                claimed: isKnown ? Double(row.claimed) / size : 0)
        }
        guard let words = row.words else {
            let rate = row.rate.map { Formatting.bytes(Int64($0)) + "/s" } ?? ""
            let left = hasLeft ? gap + Self.padded(row.left ?? "", Self.leftColumns) : ""
            return bar + (bar.isEmpty ? "" : gap) + Self.padded(rate, Self.rateColumns) + left
        }
        let tailColumns = restColumns - (barColumns > 0 ? barColumns + gap.count : 0)
        if barColumns > 0, TextColumns.count(words) <= tailColumns { return bar + gap + words }
        return TextColumns.cut(words, to: restColumns, cut: glyphs.cut)
    }

    /// Right-aligned.
    private static func padded(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(columns - text.count, 0)) + text
    }
}
