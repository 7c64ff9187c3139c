internal import ModelFetch

/// Numbers for people.
enum Formatting {
    /// `497.8 MB`, in decimal units.
    static func bytes(_ count: Int64) -> String { roundedBytes(count) }

    /// `312.4/497.8 MB`: both in the unit of the whole.
    static func share(_ part: Int64, of whole: Int64) -> String {
        guard whole >= 1000 else { return "\(part)/\(whole) B" }
        let words = bytes(whole).split(separator: " ")
        guard words.count == 2, let number = Double(words[0]), number > 0 else { return bytes(whole) }
        return "\(tenths(Double(part) / unit(of: whole)))/\(words[0]) \(words[1])"
    }

    /// The unit in which ``bytes(_:)`` gives a number, in bytes.
    private static func unit(of count: Int64) -> Double {
        var unit = 1000.0
        while Double(count) / unit >= 999.95, unit < 1e15 { unit *= 1000 }
        return unit
    }

    /// `0:17`, `12:05`, `3h07m`, `4d02h`: time left, in six columns at most; `nil` beyond a hundred days.
    static func clock(_ seconds: Double) -> String? {
        guard seconds < 86_400 * 100 else { return nil }
        let whole = Int(seconds.rounded(.up))
        if whole < 3600 { return "\(whole / 60):\(twoDigits(whole % 60))" }
        if whole < 360_000 { return "\(whole / 3600)h\(twoDigits(whole % 3600 / 60))m" }
        return "\(whole / 86_400)d\(twoDigits(whole % 86_400 / 3600))h"
    }

    /// `12.3 s`, `4 min 05 s`, `2 h 03 min`.
    static func seconds(_ seconds: Double) -> String {
        if seconds < 59.95 { return "\(tenths(seconds)) s" }
        let whole = Int(min(seconds, 1e15).rounded())
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
    }

    static func seconds(_ duration: Duration) -> String { seconds(duration / .seconds(1)) }

    /// `7 files`, `1 file`; `plural` is for nouns whose plural does not end in a mere s.
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int64(min(value * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
