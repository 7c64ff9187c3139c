/// The part of an address from outside that may be shown, whether the address is valid or not: scheme, host, port and path.
///
/// User and password, query and fragment are left out, since any of them may be a secret. If it is unclear what belongs to a password,
/// nothing is shown.
///
/// - Returns: text that is safe to print; `nil` if the address does not begin like a URL with a host.
package func shownAddress(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0, bytes[colon...].starts(with: "://".utf8),
        bytes[..<colon].allSatisfy({ isPlain($0) || $0 == UInt8(ascii: "+") })
    else { return nil }
    let rest = bytes[(colon + 3)...]
    let ends = "/?#\\".utf8
    var authority = rest.prefix { !ends.contains($0) }
    let tail = rest[authority.endIndex...]
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
        authority = authority[(at + 1)...]
    } else if tail.contains(UInt8(ascii: "@")), authority.contains(UInt8(ascii: ":")) {
        // A password with a slash in it that is not percent-encoded: what looks like the host is the user.
        return nil
    }
    guard !authority.isEmpty,
        authority.allSatisfy({ isPlain($0) || "[]:_".utf8.contains($0) })
    else { return nil }
    let path = tail.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let isCut = path.endIndex != tail.endIndex
    let start = printable(bytes[..<colon], limit: 32) + "://" + printable(authority, limit: 256)
    return start + printable(path, limit: 512) + (isCut ? "…" : "")
}

/// A word from the command line as a message may repeat it: of a URL, only the parts that are no secrets.
package func withoutSecrets(_ word: String) -> String {
    guard word.contains("://") else { return word }
    return shownAddress(word) ?? "a URL"
}

private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
}
