import Foundation
import ModelFetch

/// Downloads a model with the ModelFetch library: shows how far it is, stops when its time is up, says what went wrong.
///
///     swift run fetch-example MODEL-OR-MANIFEST DIRECTORY [SECONDS [SOURCE]]
///     swift run fetch-example 124M models/124M 600
@main
enum FetchExample {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard let model = arguments.first, let directory = arguments.dropFirst().first else {
            fail("which model, and where to?", status: 64)
        }
        do {
            let catalog = ManifestCatalog()
            let loaded = try model.hasSuffix(".json") ? ManifestCatalog.load(model) : catalog.find(model)
            var options = DownloadOptions()
            options.sources = arguments.dropFirst(3).map { $0 }
            let download = ModelDownload(
                loaded.manifest, into: directory, options: options, known: catalog.manifests.map(\.manifest))
            let seconds = arguments.dropFirst(2).first.flatMap(Int.init) ?? 3600
            let files = try await within(.seconds(seconds)) { try await show(download) }
            print("all \(files.count) files are verified")
        } catch ModelFetchError.cancelled {
            fail("time is up; the next run goes on where this one was", status: 75)
        } catch ModelFetchError.failed(let failure) {
            // As sysexits(3) has them: a mistake of the user's, and what another run may not meet.
            let status: Int32 = failure.kind == .usage ? 64 : failure.kind == .unavailable ? 69 : 1
            fail("\(failure)" + (failure.remedy.map { "; \($0)" } ?? ""), status: status)
        } catch {
            // A ManifestError: there is no such model, or its manifest breaks a rule.
            fail("\(error)", status: 64)
        }
    }

    /// Runs a download and shows its events. They end with the report, also when the task is cancelled.
    private static func show(_ download: ModelDownload) async throws -> [FileReport] {
        var (done, total): (Int64, Int64) = (0, 0)
        var percentage: Int64 = -1
        for await event in download.events() {
            switch event {
            case .started(let model, let directory, let files, let bytes):
                print("\(model) into \(directory): \(files) files")
                total = bytes
            case .progress(_, let bytes, _):
                done += bytes
                guard total > 0, done * 100 / total != percentage else { continue }
                percentage = done * 100 / total
                print("\(percentage) %")
            case .discarded(let path, let bytes, let reason):
                // They had counted, and will come again.
                done -= bytes
                print("\(path): \(reason)")
            case .retrying(let path, let failure, _, let pause):
                print("\(path): \(failure.message); again in \(pause)")
            case .finished(let file):
                print("\(file.path): \(file.state.rawValue)\(file.sha256.map { ", SHA-256 \($0.hex)" } ?? "")")
            case .ended(let report):
                return try report.get()
            default:
                break
            }
        }
        throw ModelFetchError.cancelled
    }

    /// Does some work, and cancels it when its time is up; waits for its end either way.
    private static func within<Result: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            // The first one to end cancels the other; the work's result is waited for.
            var result: Result?
            while let ended = try await group.next() {
                group.cancelAll()
                result = ended ?? result
            }
            guard let result else { throw ModelFetchError.cancelled }
            return result
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(status)
    }
}
