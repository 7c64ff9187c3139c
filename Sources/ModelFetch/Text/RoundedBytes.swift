/// A number of bytes as a person reads it: `497.8 MB`, in decimal units, as disks and links are sold.
package func roundedBytes(_ count: Int64) -> String {
    guard count >= 1000 else { return "\(count) B" }
    var value = Double(count)
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
        value /= 1000
        guard value < 999.95 || unit == "PB" else { continue }
        let tenths = Int64(min(value * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(count) B"
}
