internal import CCurl

/// Owns an easy handle that serves a single request, so that nothing meant for one origin or proxy can reach another.
/// Connections are still reused, through the multi handle's cache.
///
/// Used only on the loop's thread.
struct EasyHandle: ~Copyable {
    let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    /// CURLOPT_HTTPHEADER(3): libcurl does not copy the list.
    private var headers: UnsafeMutablePointer<curl_slist>?

    init() throws(TransferError) {
        guard let handle = curl_easy_init() else { throw TransferError(.localFailure, "out of memory") }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Sets all options except the callbacks. Call it once.
    mutating func prepare(
        for request: TransportRequest, _ configuration: TransportConfiguration
    ) throws(TransferError) {
        try setAddress(request, configuration)
        try setTrust(configuration)
        try setPace(request, configuration)
        try setHeaders(request)
    }

    /// - Parameters:
    ///   - context: passed to both callbacks; must outlive the transfer.
    func setCallbacks(
        head: @escaping ccurl_data_callback, body: @escaping ccurl_data_callback, context: UnsafeMutableRawPointer
    ) throws(TransferError) {
        try check(ccurl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, head))
        try check(ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context))
        try check(ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, body))
        try check(ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context))
        try check(ccurl_set_pointer(handle, CURLOPT_PRIVATE, context))
    }

    /// The error for a result other than `CURLE_OK`.
    func failure(_ code: CURLcode) -> TransferError {
        let text = String(cString: errorText)
        return CurlFailure(
            code: code, text: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text,
            verifyResult: info(CURLINFO_SSL_VERIFYRESULT), connectStatus: info(CURLINFO_HTTP_CONNECTCODE),
            isConnected: pretransferTime > 0, systemError: Int32(clamping: info(CURLINFO_OS_ERRNO))
        ).error
    }

    /// Whether the transfer used the connection of an earlier one (CURLINFO_NUM_CONNECTS(3)).
    var isConnectionReused: Bool { pretransferTime > 0 && info(CURLINFO_NUM_CONNECTS) == 0 }

    private func info(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(handle, info, &value) == CURLE_OK ? value : 0
    }

    /// Zero until the connection is established and the request can be sent (CURLINFO_PRETRANSFER_TIME_T(3)).
    private var pretransferTime: curl_off_t {
        var value: curl_off_t = 0
        return ccurl_get_off_t(handle, CURLINFO_PRETRANSFER_TIME_T, &value) == CURLE_OK ? value : 0
    }
}

// MARK: - Options

extension EasyHandle {
    private func setAddress(
        _ request: TransportRequest, _ configuration: TransportConfiguration
    ) throws(TransferError) {
        try set(CURLOPT_URL, request.url.absoluteString)
        try set(CURLOPT_HTTPGET, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        // HTTP/2 only on request. For a paused transfer that shares its connection, libcurl 7 buffers up to a stream's
        // window of 32 MB (curl_easy_pause(3), MULTIPLEXED). The multi handle's CURLMOPT_PIPELINING prevents the
        // sharing.
        try set(CURLOPT_HTTP_VERSION, configuration.offersHTTP2 ? ccurl_http_version_2_tls : ccurl_http_version_1_1)
        try set(CURLOPT_USERAGENT, configuration.userAgent)
        try set(CURLOPT_ERRORBUFFER, pointer: errorText)
        if let range = request.range {
            guard !range.isEmpty, range.lowerBound >= 0 else {
                throw TransferError(.invalidRequest, "the range is empty or negative")
            }
            // CURLOPT_RANGE(3): the range includes its last byte.
            try set(CURLOPT_RANGE, "\(range.lowerBound)-\(range.upperBound - 1)")
        }
        // Basic only: Digest and Negotiate tie secrets to connections. A proxy's credentials come from its address.
        try set(CURLOPT_HTTPAUTH, Int(ccurl_http_auth_basic))
        try set(CURLOPT_PROXYAUTH, Int(ccurl_http_auth_basic))
        if let proxy = configuration.proxy { try set(CURLOPT_PROXY, proxy) }
        // The proxy's response to CONNECT must not be taken for a part of the server's.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let userinfo = request.credentials.userinfo {
            try set(CURLOPT_USERNAME, userinfo.user)
            try set(CURLOPT_PASSWORD, userinfo.password)
        }
        // CURLOPT_NETRC(3): with CURL_NETRC_OPTIONAL, credentials that are set above take precedence.
        try set(CURLOPT_NETRC, request.credentials.netrc ? ccurl_netrc_optional : ccurl_netrc_ignored)
    }

    private func setTrust(_ configuration: TransportConfiguration) throws(TransferError) {
        try set(CURLOPT_SSLVERSION, ccurl_tls_1_2)
        try set(CURLOPT_PROXY_SSLVERSION, ccurl_tls_1_2)
        for option in [CURLOPT_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYPEER] { try set(option, 1) }
        for option in [CURLOPT_SSL_VERIFYHOST, CURLOPT_PROXY_SSL_VERIFYHOST] { try set(option, 2) }
        guard configuration.certificateFile != nil || configuration.certificateDirectory != nil else { return }
        // Both, so that the one that is not given does not keep the system's default.
        for option in [CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO] { try set(option, configuration.certificateFile) }
        for option in [CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH] { try set(option, configuration.certificateDirectory) }
    }

    private func setPace(
        _ request: TransportRequest, _ configuration: TransportConfiguration
    ) throws(TransferError) {
        // CURLOPT_NOSIGNAL(3): required in a program with threads; the loop's thread blocks SIGPIPE.
        try set(CURLOPT_NOSIGNAL, 1)
        // CURLOPT_QUICK_EXIT(3): do not wait for a cancelled name look-up, because a dead name server would block all
        // transfers.
        try set(CURLOPT_QUICK_EXIT, 1)
        // CURLOPT_CONNECTTIMEOUT_MS(3): name resolution, TCP and TLS together, a proxy's included; 0 would mean 300 s.
        let timeout = min(configuration.connectTimeout, request.connectTimeout ?? configuration.connectTimeout)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(timeout / .milliseconds(1)), 1))
        // curl_easy_pause(3): the time during which a transfer is paused does not count as slow.
        try set(CURLOPT_LOW_SPEED_LIMIT, Int(configuration.effectiveStallFloor))
        try set(CURLOPT_LOW_SPEED_TIME, max(Int(configuration.stallTimeout.components.seconds), 1))
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_BUFFERSIZE, configuration.receiveBufferSize)
    }

    private mutating func setHeaders(_ request: TransportRequest) throws(TransferError) {
        // A plain header field, because CURLOPT_ACCEPT_ENCODING(3) would also decode the response.
        try addHeader("Accept-Encoding", "identity")
        if request.range != nil, let validator = request.ifRange { try addHeader("If-Range", validator) }
        for (name, value) in request.credentials.headers {
            guard !HeaderRules.isReserved(name) else {
                throw TransferError(.invalidRequest, "the header field \(name) cannot be set")
            }
            try addHeader(name, value)
        }
        // CURLOPT_HEADEROPT(3): the fields are for the server and are not sent to a proxy with CONNECT.
        try set(CURLOPT_HEADEROPT, ccurl_header_separate)
        try check(ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers))
    }

    private mutating func addHeader(_ name: String, _ value: String) throws(TransferError) {
        guard HeaderRules.isName(name), HeaderRules.isValue(value) else {
            throw TransferError(.invalidRequest, "a header field contains characters that HTTP does not allow")
        }
        // CURLOPT_HTTPHEADER(3): "Name:" removes a field, "Name;" sends it with an empty value.
        let line = value.isEmpty ? name + ";" : name + ": " + value
        guard let list = curl_slist_append(headers, line) else { throw TransferError(.localFailure, "out of memory") }
        headers = list
    }

    private func set(_ option: CURLoption, _ value: Int) throws(TransferError) {
        try check(ccurl_set_long(handle, option, value))
    }

    /// libcurl copies strings.
    private func set(_ option: CURLoption, _ value: String?) throws(TransferError) {
        // A C string ends at the first NUL, so libcurl would use less than what was given.
        guard value?.utf8.contains(0) != true else {
            throw TransferError(.invalidRequest, "a setting contains a NUL character")
        }
        try check(ccurl_set_string(handle, option, value))
    }

    private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) throws(TransferError) {
        try check(ccurl_set_pointer(handle, option, pointer))
    }

    private func check(_ code: CURLcode) throws(TransferError) {
        guard code == CURLE_OK else {
            throw TransferError(.configuration, String(cString: curl_easy_strerror(code)))
        }
    }
}

@available(*, unavailable)
extension EasyHandle: Sendable {}
