import Glibc

@testable import Transfer

extension Promises {
    /// A date that was read is written the same by the C library.
    static func ofDate(_ input: [UInt8]) throws {
        let text = text(input)
        guard let date = HTTPDate(text) else { return }
        // 60 is a leap second, which has no number of its own.
        guard !text.utf8.dropFirst(22).starts(with: ":60".utf8) else { return }
        var seconds = time_t(date.secondsSinceEpoch)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let written = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            strftime(buffer.baseAddress!, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(cString: buffer.baseAddress!)
        }
        try hold(written == text, "“\(text)” is \(written)")
    }
}
