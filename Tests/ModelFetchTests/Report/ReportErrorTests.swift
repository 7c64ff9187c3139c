import Foundation
import ModelFetch
import Testing

@Suite struct `A report that is asked for its files` {
    private static func file(_ path: String, _ failure: Failure? = nil) -> FileReport {
        var file = FileReport(
            path: path, state: failure == nil ? .downloaded : .failed, size: 1, sha256: nil, isPinned: false)
        file.failure = failure
        return file
    }

    private static func report(_ files: [FileReport], _ change: (inout DownloadReport) -> Void = { _ in })
        -> DownloadReport
    {
        var report = DownloadReport(model: "m", directory: "d")
        report.files = files
        change(&report)
        return report
    }

    private static let gone = Failure(.unavailable, file: "a", "is gone", remedy: .addSource)
    private static let full = Failure(.cannotWrite, file: "b", "the disk is full")
    private static let later = Failure(.cannotWrite, file: "c", "the disk is full, too")

    @Test func `has them when all is well`() throws {
        #expect(try Self.report([Self.file("a"), Self.file("b")]).get().map(\.path) == ["a", "b"])
    }

    @Test func `throws the first failure of the kind that speaks for the run`() {
        let files = [Self.file("a", Self.gone), Self.file("b", Self.full), Self.file("c", Self.later)]
        #expect(throws: ModelFetchError.failed(Self.full)) { try Self.report(files).get() }
        #expect(throws: ModelFetchError.failed(Self.gone)) { try Self.report([files[0]]).get() }
        #expect(throws: ModelFetchError.failed(Self.gone)) { try Self.report([]) { $0.failure = Self.gone }.get() }
    }

    @Test func `throws that it was cancelled, whatever had failed by then`() {
        let report = Self.report([Self.file("a", Self.gone)]) { $0.isCancelled = true }
        #expect(throws: ModelFetchError.cancelled) { try report.get() }
    }

    @Test func `throws what a person can read wherever errors are shown`() {
        for error: any Error in [Self.gone, ModelFetchError.failed(Self.gone)] {
            #expect("\(error)" == "a: is gone" && error.localizedDescription == "a: is gone")
            #expect((error as? any LocalizedError)?.recoverySuggestion == "\(Remedy.addSource)")
        }
        #expect(ModelFetchError.cancelled.localizedDescription.contains("is kept"))
    }

    @Test func `of an audit throws what is missing`() async throws {
        let folder = try Folder()
        let loaded = try ManifestCatalog().find("tiny")
        let report = await ModelAudit(loaded, of: folder.path).run()
        #expect {
            try report.get()
        } throws: { error in
            guard case .failed(let failure) = error as? ModelFetchError else { return false }
            return failure.kind == .noInput
        }
    }
}
