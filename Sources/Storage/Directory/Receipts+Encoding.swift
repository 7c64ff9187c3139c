internal import Hashing

/// Receipts as JSON, one line for each file.
///
/// Encoded by hand: the receipts of a directory of 100,000 files are written again and again during a download, and
/// Foundation's encoder takes many times as long.
extension Receipts {
    /// - Parameter limit: the maximum length in bytes; receipts that do not fit are left out.
    package func encoded(limit: Int = maximumLength) -> [UInt8] {
        let end = Array("\n  }\n}\n".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(files.count * 320 + 128, limit))
        bytes += "{\n  \"format\": \"\(Self.format)\"".utf8
        if let model {
            bytes += ",\n  \"model\": ".utf8
            Self.append(quoted: model, to: &bytes)
        }
        bytes += ",\n  \"files\": {".utf8
        var isFirst = true
        for (path, receipt) in files.sorted(by: { $0.key < $1.key }) {
            let length = bytes.count
            bytes += (isFirst ? "\n    " : ",\n    ").utf8
            Self.append(quoted: path, to: &bytes)
            receipt.append(to: &bytes)
            guard bytes.count + end.count <= limit else {
                bytes.removeSubrange(length...)
                break
            }
            isFirst = false
        }
        return bytes + end
    }

    /// RFC 8259 §7.
    fileprivate static func append(quoted string: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += (byte < 0x10 ? "\\u000" : "\\u00").utf8
                bytes += digits.utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension Receipts.Receipt {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes += ": { \"sha256\": \"".utf8
        bytes += sha256.hex.utf8
        bytes += (pinned ? "\", \"pinned\": true, \"size\": " : "\", \"pinned\": false, \"size\": ").utf8
        bytes += String(size).utf8
        bytes += ", \"inode\": ".utf8
        bytes += String(inode).utf8
        bytes += ", \"mtime_ns\": ".utf8
        bytes += String(modifiedNanoseconds).utf8
        bytes += ", \"ctime_ns\": ".utf8
        bytes += String(changedNanoseconds).utf8
        if let bootID {
            bytes += ", \"boot_id\": ".utf8
            Receipts.append(quoted: bootID, to: &bytes)
        }
        bytes += " }".utf8
    }
}
