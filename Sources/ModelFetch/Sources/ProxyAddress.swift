internal import Foundation

/// The address of a proxy, as libcurl takes it (CURLOPT_PROXY(3)).
enum ProxyAddress {
    private static let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]

    /// Why a text is not the address of a proxy, as a clause that does not repeat the text, which may hold a password; `nil` if it is
    /// one, or empty, which means no proxy.
    static func fault(in text: String) -> String? {
        if text.isEmpty { return nil }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return "contains a space or a control character"
        }
        var rest = Array(text.utf8)[...]
        if let colon = text.range(of: "://") {
            guard schemes.contains(text[..<colon.lowerBound].lowercased()) else {
                return "has a scheme other than \(schemes.joined(separator: ", "))"
            }
            rest = Array(text[colon.upperBound...].utf8)[...]
        }
        rest = rest.prefix { ![UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
        guard let port = portDigits(after: &rest) else { return "has no end to its IPv6 address" }
        guard !rest.isEmpty else { return "has no host" }
        guard port.isEmpty || (1...65535).contains(Int(String(decoding: port, as: UTF8.self)) ?? 0) else {
            return "has a port that is not between 1 and 65535"
        }
        return nil
    }

    /// Splits host and port.
    ///
    /// - Returns: the text after the colon; `nil` for an IPv6 address without its closing bracket.
    private static func portDigits(after host: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var end = host.startIndex
        if host.first == UInt8(ascii: "[") {
            guard let bracket = host.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            end = bracket + 1
        } else {
            end = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
        }
        let rest = host[end...]
        host = host[..<end]
        if rest.isEmpty { return rest }
        return rest.first == UInt8(ascii: ":") ? rest.dropFirst() : rest
    }
}
