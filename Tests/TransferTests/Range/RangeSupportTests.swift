import Testing

@testable import Transfer

@Suite struct `Whether a source serves ranges` {
    /// An answer to a request for bytes 10 to 19 of 100, judged.
    private func judge(_ text: String, isWholeAsked: Bool = false) -> Result<RangeReply, TransferError> {
        do throws(TransferError) {
            return .success(
                try RangeReply(judging: parsedHead(text), asked: 10..<20, isWholeAsked: isWholeAsked, total: 100))
        } catch {
            return .failure(error)
        }
    }

    /// After which of these answers to requests for a range the whole is asked for.
    private func fallbacks(_ answers: [String], retries: Int) -> [Int] {
        var support = RangeSupport()
        return answers.indices.filter { index in
            switch judge(answers[index]) {
            case .success(let reply):
                support.served(reply)
                return false
            case .failure(let error): return support.failed(error, retries: retries)
            }
        }
    }

    private static let part = "206|content-range: bytes 10-19/100"

    @Test(
        arguments: [
            (["400"], 8, [0]), (["501"], 8, [0]),
            // These two may pass.
            (["416", "416"], 8, [1]), (["500", "500"], 8, [1]), (["416|content-range: bytes */100", "500"], 8, [1]),
            (["500", part, "500"], 8, []), (["416", "200", "416"], 8, []),
            // Where nothing is retried there is no second time.
            (["416"], 0, [0]), (["500"], 0, [0]),
            // It may be all that the server has to say for now.
            ([part, "400", "400", "400", "400"], 8, []), ([part, "500", "500", "500"], 8, [3]),
            ([part, "416", "416", part, "416", "416"], 8, []), ([part, "501", "501", "501"], 8, [3]),
            // These are about something else.
            (["503", "503", "502", "429", "404", "403", "401", "410"], 8, []),
            (["416|content-range: bytes */99", "416|content-range: bytes */99"], 8, []),
        ] as [([String], Int, [Int])])
    func `refusals of ranges lead to a request for the whole file`(answers: [String], retries: Int, fallbacks: [Int]) {
        #expect(self.fallbacks(answers, retries: retries) == fallbacks)
    }

    @Test func `a source that serves only whole files is remembered until it refuses those`() throws {
        var support = RangeSupport()
        let asksForWhole = support.failed(TransferError(.clientError, status: 400), retries: 8)
        #expect(asksForWhole && !support.isRefused)
        support.servedWhole()
        #expect(support.isRefused)
        support.wholeFailed(TransferError(.connectionLost))
        #expect(support.isRefused)
        support.wholeFailed(TransferError(.serverBusy, status: 500))
        let asksAgain = support.failed(TransferError(.serverBusy, status: 500), retries: 8)
        #expect(!asksAgain && !support.isRefused)
    }

    @Test func `a response to a request for the whole file is not a part`() throws {
        let whole = try judge("200|content-length: 100", isWholeAsked: true).get()
        #expect((whole.skip, whole.start, whole.end, whole.isPart) == (10, 10, 20, false))
        #expect(throws: TransferError.self) { try judge(Self.part, isWholeAsked: true).get() }
        #expect(try judge(Self.part).get().isPart)
        // A range that was not asked for cannot be out of bounds.
        if case .failure(let error) = judge("416", isWholeAsked: true) { #expect(error.code == .clientError) }
    }
}
