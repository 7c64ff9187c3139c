internal import Storage
internal import Transfer

/// Compares samples of a wrong file with a source's, to tell a damaged copy from a different file.
struct SampleComparison: Sendable {
    private let context: RunContext
    private let runner: FailoverRunner

    init(_ context: RunContext, runner: FailoverRunner) {
        self.context = context
        self.runner = runner
    }

    /// Judges a wrong file by samples. Changes nothing.
    ///
    /// - Throws: a ``Failure`` if no source delivers the samples, and `CancellationError`.
    func judge(_ stored: StoredFile, of file: ManifestFile, size: Int64) async throws -> WrongFile {
        let path = file.path.string
        context.emit(.phase(path: path, .comparing))
        var random = context.runtime.random
        let ranges = WrongFile.sampleRanges(of: min(stored.status.size, size), using: &random)
        var wrong = 0
        for (index, range) in ranges.enumerated() {
            guard let theirs = try await sample(range, of: file, size: size) else { return .unknown }
            if try stored.bytes(at: range.lowerBound, count: range.count) != theirs { wrong += 1 }
            if let judgement = WrongFile.judgement(wrong: wrong, compared: index + 1, of: ranges.count) {
                return judgement
            }
        }
        return .unknown
    }

    /// Fetches a range of the right file.
    ///
    /// - Returns: `nil` if the source refuses ranges: skipping to each sample would transfer more than the whole file.
    private func sample(
        _ range: Range<Int64>, of file: ManifestFile, size: Int64
    ) async throws -> [UInt8]? {
        let attempt = AttemptContext(offset: range.lowerBound, kept: "the existing file was not touched")
        return try await runner.run(attempt) { source, attempt in
            let index = attempt.source
            let request = try source.request(for: file.path, range: range, total: size)
            let body = try await runner.open(request, from: index)
            defer {
                body.cancel()
                runner.count(body, from: index)
            }
            guard body.reply.skip <= WrongFile.sampleBytes else { return nil }
            var bytes: [UInt8] = []
            while let piece = try await body.next() {
                if case .bytes(_, let chunk) = piece { chunk.withBytes { bytes += $0 } }
            }
            guard bytes.count == range.count else {
                throw TransferError(.short, "received \(bytes.count) of \(range.count) bytes")
            }
            runner.received(bytes.count, with: attempt, isEnd: true)
            return bytes
        }
    }
}
