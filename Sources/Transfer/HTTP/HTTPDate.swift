/// A date and time in HTTP, to the second (RFC 9110 §5.6.7).
///
/// Only the preferred form is read (`Sun, 06 Nov 1994 08:49:37 GMT`); servers must not send the two obsolete ones.
package struct HTTPDate: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var secondsSinceEpoch: Int64

    package init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

    /// Reads an IMF-fixdate; `nil` for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, bytes[3...4].elementsEqual(", ".utf8), bytes[25...].elementsEqual(" GMT".utf8),
            bytes[7] == 0x20, bytes[11] == 0x20, bytes[16] == 0x20, bytes[19] == 0x3A, bytes[22] == 0x3A,
            let weekday = Self.days.firstIndex(where: { bytes[..<3].elementsEqual($0.utf8) }),
            let month = Self.months.firstIndex(where: { bytes[8..<11].elementsEqual($0.utf8) }),
            let date = HTTPDate(
                year: bytes[12..<16], month: Int64(month) + 1, day: bytes[5..<7], hour: bytes[17..<19],
                minute: bytes[20..<22], second: bytes[23..<25], weekday: Int64(weekday))
        else { return nil }
        self = date
    }

    /// Parses the forms of ISO 8601 in signed URLs: `20261124T180000Z` and `2026-11-24T18:00:00Z`, also with encoded colons.
    init?(iso8601 text: some StringProtocol) {
        guard text.utf8.count <= 32 else { return nil }
        let plain = asciiLowercased(text).replacing("%3a", with: ":")
        let bytes = plain.utf8.filter { $0 != 0x2D && $0 != 0x3A }
        guard bytes.count == 16, bytes[8] == 0x74, bytes[15] == 0x7A, let month = Self.number(bytes[4..<6]),
            let date = HTTPDate(
                year: bytes[0..<4], month: month, day: bytes[6..<8], hour: bytes[9..<11], minute: bytes[11..<13],
                second: bytes[13..<15])
        else { return nil }
        self = date
    }

    /// - Parameter weekday: 0 is Monday.
    private init?(
        year: ArraySlice<UInt8>, month: Int64, day: ArraySlice<UInt8>, hour: ArraySlice<UInt8>,
        minute: ArraySlice<UInt8>, second: ArraySlice<UInt8>, weekday: Int64? = nil
    ) {
        guard let year = Self.number(year), let day = Self.number(day), let hour = Self.number(hour),
            let minute = Self.number(minute), let second = Self.number(second), (1...12).contains(month),
            (1...Self.days(inMonth: month, of: year)).contains(day), hour < 24, minute < 60, second <= 60, year >= 1900
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        // 1970-01-01 was a Thursday. A date with the wrong weekday is not trusted.
        if let weekday, ((days % 7) + 7 + 3) % 7 != weekday { return nil }
        secondsSinceEpoch = ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    package static func < (one: HTTPDate, other: HTTPDate) -> Bool {
        one.secondsSinceEpoch < other.secondsSinceEpoch
    }

    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? { decimal(String(decoding: bytes, as: UTF8.self)) }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar. The year is counted from March, so that the leap day
    /// comes last.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let fromMarch = (month + 9) % 12
        let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
