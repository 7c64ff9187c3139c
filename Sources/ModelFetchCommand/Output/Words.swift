/// Numbers as a person reads them.
enum Words {
    /// `497.8 MB`; decimal units, as disks and links are sold.
    static func bytes(_ count: Int64) -> String {
        guard count >= 1000 else { return "\(count) B" }
        var value = Double(count)
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            value /= 1000
            if value < 999.95 || unit == "PB" { return "\(tenths(value)) \(unit)" }
        }
        return "\(count) B"
    }

    /// `12.3 s`, `4 min 05 s`, `2 h 03 min`.
    static func seconds(_ seconds: Double) -> String {
        if seconds < 59.95 { return "\(tenths(seconds)) s" }
        let whole = Int(min(seconds, 1e15).rounded())
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
    }

    static func seconds(_ duration: Duration) -> String { seconds(duration / .seconds(1)) }

    /// `7 files`, `1 file`; `plural` where an s does not make it.
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int64(min(value * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
