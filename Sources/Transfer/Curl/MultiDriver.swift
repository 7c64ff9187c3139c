internal import CCurl

/// The two calls that drive a multi handle, replaceable so that tests can make them fail.
struct MultiDriver: Sendable {
    /// curl_multi_perform(3); returns a `CURLMcode`.
    var perform: @Sendable (MultiReference) -> Int32
    /// curl_multi_poll(3) with a timeout in milliseconds; returns a `CURLMcode`.
    var poll: @Sendable (MultiReference, Int32) -> Int32

    static let libcurl = MultiDriver(
        perform: { multi in
            var running: Int32 = 0
            return curl_multi_perform(multi.handle, &running).rawValue
        },
        poll: { multi, milliseconds in curl_multi_poll(multi.handle, nil, 0, milliseconds, nil).rawValue })
}
