import FaultServer
import Foundation
import Hashing
import TemporaryDirectory
import Testing

/// Much at once from nginx: one large file, and many small ones.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: Program.has("nginx") && Program.has("openssl"), "nginx or openssl is not installed"))
struct LargeModelTests {
    private static func sources(_ nginx: Daemon) -> [[String]] {
        let secure = ["--source", "https://127.0.0.1:\(nginx.ports[1])/", "--cacert", "ca.pem"]
        return [["--source", "http://127.0.0.1:\(nginx.ports[0])/"], secure, secure + ["--http2"]]
    }

    @Test func `500 MB are downloaded over HTTP, HTTPS and HTTP 2 in little memory`() async throws {
        let size: Int64 = 500_000_000
        let weights = ServedFile.synthetic(size: size, seed: 5)
        let marker = ServedFile.synthetic(size: 77, seed: 6)
        let sum = try Self.write(weights, to: nil)
        let model = TestModel(
            files: [
                ("weights.bin", .init(served: weights, sha256: sum)),
                ("checkpoint", .init(served: marker, sha256: digest(of: marker.read(0..<77)))),
            ], marker: "checkpoint")
        try await withWorkspace(model, in: TemporaryDirectory.inMemory) { workspace in
            try workspace.write(marker.read(0..<77), to: "www/checkpoint")
            try Self.write(weights, to: workspace.path + "/www/weights.bin")
            try await Authority(workspace.path).lend()
            try await Nginx.run(in: workspace.path, certificates: ["good"]) { nginx in
                for source in Self.sources(nginx) {
                    let child = try workspace.start(["--manifest", "test.json", "model", "--no-sync"] + source)
                    var peak: Int64 = 0
                    try await poll("the end") {
                        peak = max(peak, child.peakMemory)
                        return !child.isRunning
                    }
                    let result = try await child.wait()
                    #expect(result.status == 0, "\(result.err)")
                    #expect(peak < 96 << 20 || Program.isSanitized, "\(source): \(peak) bytes of memory")
                    for file in ["weights.bin", "checkpoint"] {
                        try await Tool.run("cmp", "\(workspace.path)/www/\(file)", "\(workspace.directory)/\(file)")
                    }
                    try FileManager.default.removeItem(atPath: workspace.directory)
                }
            }
        }
    }

    @Test func `2000 small files are downloaded over HTTP, HTTPS and HTTP 2`() async throws {
        var random = Generator(state: 2000)
        var files = (0..<2000).map { index in
            let bytes = (0..<Int(random.next(upTo: 4097))).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
            return ("part-\(index / 100)/shard \(index).bin", TestModel.File(bytes))
        }
        files[0].1 = TestModel.File([])
        files.append(("checkpoint", TestModel.File(Array("all of it\n".utf8))))
        let model = TestModel(files: files, marker: "checkpoint")
        try await withWorkspace(model, in: TemporaryDirectory.inMemory) { workspace in
            try workspace.writeModel(to: "www")
            try await Authority(workspace.path).lend()
            try await Nginx.run(in: workspace.path, certificates: ["good"]) { nginx in
                for source in Self.sources(nginx) {
                    let arguments = ["--manifest", "test.json", "model", "--no-sync", "--json"] + source
                    let result = try await workspace.run(arguments)
                    let report = try result.report()
                    #expect(result.status == 0, "\(result.err)")
                    #expect(report.int("bytes_downloaded") == model.bytes && report.int("retries") == 0)
                    workspace.expectWhole()
                    try FileManager.default.removeItem(atPath: workspace.directory)
                }
            }
        }
    }

    /// - Parameter path: where to, if anywhere.
    /// - Returns: the digest, made on the way.
    @discardableResult
    private static func write(_ file: ServedFile, to path: String?) throws -> SHA256Digest {
        var hasher = SHA256Hasher()
        if let path { try Data().write(to: URL(fileURLWithPath: path)) }
        let handle = path.flatMap { FileHandle(forWritingAtPath: $0) }
        for start in stride(from: 0, to: file.size, by: 1 << 20) {
            let bytes = file.read(start..<min(start + 1 << 20, file.size))
            if handle == nil { bytes.withUnsafeBytes { hasher.update($0) } }
            try handle?.write(contentsOf: bytes)
        }
        return hasher.finalize()
    }
}
