internal import SeededRandom

extension FaultScript {
    /// A random script; the same seed always gives the same faults.
    ///
    /// A client can survive all of them: each rule applies a limited number of times, so that a client that retries
    /// meets a correct server in the end, and none changes the file itself.
    ///
    /// - Parameters:
    ///   - rules: the number of rules.
    ///   - span: the largest offset at which a body is cut.
    package static func random(seed: UInt64, rules: Int = 8, span: Int64 = 1 << 20) -> FaultScript {
        var random = SplitMix64(seed: seed)
        return FaultScript(
            (0..<rules).map { _ in
                let first = Int.random(in: 0...5, using: &random)
                return FaultRule(
                    requests: first...(first + Int.random(in: 0...2, using: &random)),
                    counting: Bool.random(using: &random) ? .path : .server,
                    times: Int.random(in: 1...3, using: &random), faults: [fault(from: &random, span: span)])
            })
    }

    private static func fault(from random: inout SplitMix64, span: Int64) -> Fault {
        let offset = Int64.random(in: 0...max(0, span), using: &random)
        let candidates: [Fault] = [
            .drop(after: offset), .reset(after: offset), .truncate(missing: offset), .closeBeforeHead, .resetBeforeHead,
            .closeInHead(after: Int(offset % 100)), .garbageHead, .status(503), .status(429, retryAfter: .seconds(0)),
            .ignoreRange, .ignoreRangeIfConditional, .otherRange(start: offset, end: offset + 9),
            .contentRange(total: offset), .noContentRange, .multipartRange, .contentLength(value: String(offset)),
            .chunked, .closeDelimited, .http10, .closeConnection(), .closeConnection(announced: false), .weakETag,
            .noETag, .flappingETag, .flip(offset: offset, mask: 1 << UInt8(offset & 7)), .captivePortal(),
            .redirectLoop(), .gzip, .interim(), .hugeHeader(bytes: 1 << 20), .shiftBody(by: 1 + offset),
        ]
        return candidates[Int.random(in: candidates.indices, using: &random)]
    }
}
