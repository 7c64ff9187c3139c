extension ResolvedLocation {
    /// When the signature of the URL expires; `nil` if the URL is not signed, or does not say.
    var expiry: HTTPDate? {
        var fields: [String: Substring] = [:]
        for (name, value) in url.queryFields where fields[name] == nil { fields[name] = value }
        // S3 (version 4) and Google Cloud Storage (version 4): a date and a number of seconds, which is at most a week.
        for provider in ["x-amz-", "x-goog-"] {
            guard let date = fields[provider + "date"].flatMap({ HTTPDate(iso8601: $0) }),
                let seconds = fields[provider + "expires"].flatMap({ decimal($0) }), seconds <= 604_800
            else { continue }
            return HTTPDate(secondsSinceEpoch: date.secondsSinceEpoch + seconds)
        }
        // S3 (version 2), CloudFront and Google Cloud Storage (version 2): seconds since 1970.
        if fields["signature"] != nil, let seconds = fields["expires"].flatMap({ decimal($0) }) {
            return HTTPDate(secondsSinceEpoch: seconds)
        }
        // Azure: a date.
        if fields["sig"] != nil { return fields["se"].flatMap { HTTPDate(iso8601: $0) } }
        return nil
    }

    /// The error with the remark that the signature has expired, if that explains it.
    ///
    /// - Parameter head: the response that was refused. Its `Date` decides, so that a wrong local clock does not matter.
    func explaining(_ error: TransferError, _ head: ResponseHead) -> TransferError {
        guard error.code == .denied, error.detail.isEmpty, let expiry,
            let now = head.first("date").flatMap({ HTTPDate($0) }), expiry < now
        else { return error }
        var error = error
        error.detail = "the signature of the URL has expired"
        return error
    }
}
