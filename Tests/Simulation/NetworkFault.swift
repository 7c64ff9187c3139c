/// What one answer of a source has wrong.
package enum NetworkFault: Codable, Hashable, Sendable {
    // Before the head.
    case noName, noConnection, connectTimeout, tlsFailure
    /// The connection ends before an answer.
    case silence
    // In the head.
    case status(Int, retryAfter: String?)
    /// `Range` is ignored: a whole 200.
    case ignoresRange
    /// A 200 that says it is as long as what was missing.
    case shortWhole
    /// A 206 of another range.
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
    /// A redirect: to itself for ever, to another scheme, or to the next source.
    case redirectLoop, redirectElsewhere, redirectToNext
    // In the body, after so many bytes of it.
    case drop(after: Int64)
    case short(after: Int64)
    case stall(after: Int64)
    case flip(at: Int64, mask: UInt8)
    /// The right range is named, and the bytes are from so much further on.
    case shifted(by: Int64)
    case overlong(by: Int64)
    /// Bytes come one by one, or with empty chunks between them, or slowly.
    case oneByOne, emptyChunks, slow
    // From now on.
    /// The file is replaced by another of the same size; a tag, if there is one, tells.
    case replaced
    /// The right file is back.
    case restored
    /// The tag changes, the bytes do not.
    case newTag
    /// Nothing answers for so many virtual seconds.
    case down(seconds: Int)

    /// Whether bytes or lengths are wrong, so that a run may rightly end in more than “unavailable”.
    package var isLie: Bool {
        switch self {
        case .noName, .noConnection, .connectTimeout, .tlsFailure, .silence, .drop, .short, .stall, .oneByOne,
            .emptyChunks, .slow, .restored, .newTag, .down, .ignoresRange, .rangeNotSatisfiable:
            false
        case .status, .shortWhole, .otherRange, .otherTotal, .noContentRange, .multipart, .noLength, .otherLength,
            .page, .encoded, .malformedHead, .redirectLoop, .redirectElsewhere, .redirectToNext, .flip, .shifted,
            .overlong, .replaced:
            true
        }
    }

    /// Whether an answer has wrong bytes in it that nothing but a digest can tell.
    package var isHiddenLie: Bool {
        switch self {
        case .flip, .shifted, .otherTotal, .otherLength, .shortWhole, .otherRange, .noContentRange, .overlong: true
        default: false
        }
    }

    /// Whether it costs no byte of what came before it, and makes none come twice.
    package var isThrifty: Bool {
        switch self {
        // A source that refuses a range is asked for the whole in time.
        case .noName, .noConnection, .connectTimeout, .tlsFailure, .silence, .drop, .short, .stall, .oneByOne,
            .emptyChunks, .slow, .down:
            true
        default: false
        }
    }
}

/// One source and how it tags its answers.
package struct SourcePlan: Codable, Hashable, Sendable {
    package enum Tag: String, Codable, CaseIterable, Sendable {
        case strong, weak, none
        /// A strong one that is another with every answer, as those of a farm of servers are.
        case varying
    }

    package var rank: Int
    package var tag: Tag
    /// What is wrong with its answers, in the order of the requests; honest ones where there is `nil`, and after the end.
    package var faults: [NetworkFault?]
    /// The largest chunk in which it sends.
    package var chunk: Int
    /// The status with which every request for a range is refused; `nil` where ranges are given.
    package var refusal: Int?
}
