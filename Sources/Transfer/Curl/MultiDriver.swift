internal import CCurl

/// The two calls that drive a multi handle: a seam, so that tests can make them fail.
struct MultiDriver: Sendable {
    /// One turn of all transfers; returns a `CURLMcode`.
    var perform: @Sendable (MultiReference) -> Int32
    /// Waits for something to do, for so many milliseconds at most; returns a `CURLMcode`.
    var poll: @Sendable (MultiReference, Int32) -> Int32

    static let libcurl = MultiDriver(
        perform: { multi in
            var running: Int32 = 0
            return curl_multi_perform(multi.handle, &running).rawValue
        },
        poll: { multi, milliseconds in curl_multi_poll(multi.handle, nil, 0, milliseconds, nil).rawValue })
}
