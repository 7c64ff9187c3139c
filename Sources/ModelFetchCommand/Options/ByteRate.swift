internal import ArgumentParser

/// A number of bytes per second: digits and optionally K, M or G, or KB, KiB and so on, all of which are powers of 1024.
struct ByteRate: ExpressibleByArgument, Equatable {
    private static let units: [String: Int64] = [
        "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
        "g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30,
    ]

    let bytesPerSecond: Int64

    init?(argument: String) {
        // By bytes: no unit has anything but ASCII.
        let bytes = Array(argument.utf8)
        let end = bytes.firstIndex { !(48...57).contains($0) && $0 != 46 } ?? bytes.endIndex
        let suffix = bytes[end...].map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        guard let unit = Self.units[String(decoding: suffix, as: UTF8.self)] else { return nil }
        let digits = String(decoding: bytes[..<end], as: UTF8.self)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let number = Double(digits), number.isFinite
        else { return nil }
        let value = number * Double(unit)
        guard value >= 1, value < 9e15 else { return nil }
        bytesPerSecond = Int64(value)
    }
}
