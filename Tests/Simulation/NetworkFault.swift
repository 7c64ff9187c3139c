/// A fault in a response of a source.
package enum NetworkFault: Codable, Hashable, Sendable {
    // Before the head.
    case noName, noConnection, connectTimeout, tlsFailure
    /// The connection ends before the response.
    case silence
    // In the head.
    case status(Int, retryAfter: String?)
    /// `Range` is ignored: a 200 with the whole file.
    case ignoresRange
    /// A 200 whose length is that of the missing part.
    case shortWhole
    /// A 206 with a different range.
    case otherRange(by: Int64)
    case otherTotal(by: Int64)
    case noContentRange
    case multipart
    case noLength
    case otherLength(by: Int64)
    case page
    case encoded
    case malformedHead
    case rangeNotSatisfiable
    /// A redirect to itself, to another scheme, or to the next source.
    case redirectLoop, redirectElsewhere, redirectToNext
    // In the body, after this many bytes.
    case drop(after: Int64)
    case short(after: Int64)
    case stall(after: Int64)
    case flip(at: Int64, mask: UInt8)
    /// The head has the right range, but the bytes come from this much further on in the file.
    case shifted(by: Int64)
    case overlong(by: Int64)
    /// This byte of the file is wrong in every response that has it.
    case wrongByte(at: Int64, mask: UInt8)
    /// A 206 that ends early, as a server may (RFC 9110 §15.3.7), and says so.
    case part(bytes: Int64)
    /// There are too many transfers already.
    case overloaded
    /// The body comes byte by byte, with empty chunks in between, or slowly.
    case oneByOne, emptyChunks, slow
    // For this and all later responses.
    /// The file is replaced by another one of the same size; its tag, if there is one, changes.
    case replaced
    /// The right file is restored.
    case restored
    /// The tag changes, but the content does not.
    case newTag
    /// The source does not respond for this many virtual seconds.
    case down(seconds: Int)

    /// Whether bytes or lengths are wrong, so that a run may end with a code other than “unavailable”.
    package var isLie: Bool {
        switch self {
        case .noName, .noConnection, .connectTimeout, .tlsFailure, .silence, .drop, .short, .stall, .oneByOne,
            .emptyChunks, .slow, .restored, .newTag, .down, .ignoresRange, .rangeNotSatisfiable, .part, .overloaded:
            false
        case .status, .shortWhole, .otherRange, .otherTotal, .noContentRange, .multipart, .noLength, .otherLength,
            .page, .encoded, .malformedHead, .redirectLoop, .redirectElsewhere, .redirectToNext, .flip, .shifted,
            .wrongByte, .overlong, .replaced:
            true
        }
    }

    /// Whether the response has wrong bytes that only a digest can detect.
    package var isHiddenLie: Bool {
        switch self {
        case .flip, .wrongByte, .shifted, .otherTotal, .otherLength, .shortWhole, .otherRange, .noContentRange,
            .overlong:
            true
        default: false
        }
    }

    /// Whether it neither discards received bytes nor makes any come twice.
    package var isThrifty: Bool {
        switch self {
        // A source that refuses ranges is eventually asked for the whole file.
        case .noName, .noConnection, .connectTimeout, .tlsFailure, .silence, .drop, .short, .stall, .oneByOne,
            .emptyChunks, .slow, .down, .part, .overloaded:
            true
        default: false
        }
    }
}

/// A source and the kind of its ETags.
package struct SourcePlan: Codable, Hashable, Sendable {
    package enum Tag: String, Codable, CaseIterable, Sendable {
        case strong, weak, none
        /// A strong one that differs in every response, as with several servers behind one address.
        case varying
    }

    package var rank: Int
    package var tag: Tag
    /// The faults of its responses, in the order of the requests; `nil`, and all responses after the last one, are
    /// correct.
    package var faults: [NetworkFault?]
    /// The largest chunk that it sends.
    package var chunk: Int
    /// The status with which all range requests are refused; `nil` if ranges are served.
    package var refusal: Int?
    package var traffic = Traffic()
    /// Whether it never fails, so that a run succeeds.
    package var isHonest = false
}
