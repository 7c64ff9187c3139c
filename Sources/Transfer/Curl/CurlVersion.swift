internal import CCurl

/// A version of libcurl.
package struct CurlVersion: Comparable, CustomStringConvertible, Sendable {
    /// As `CURL_VERSION_BITS` makes it: eight bits each for major, minor and patch.
    private let bits: UInt32

    /// - Parameter bits: `version_num` of curl_version_info(3), `LIBCURL_VERSION_NUM` of the headers.
    package init(bits: UInt32) { self.bits = bits }

    /// The oldest version with all the options that are used; CURLOPT_QUICK_EXIT(3) is the most recent. The shim's
    /// `#error` and .ci/prepare name the same version.
    package static let oldest = CurlVersion(bits: ccurl_oldest_version)

    /// The version that this process runs with, which may differ from the one that it was built with.
    package static var running: CurlVersion { CurlVersion(bits: ccurl_running_version()) }

    package static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    package var description: String { "\(bits >> 16).\(bits >> 8 & 0xFF).\(bits & 0xFF)" }
}
