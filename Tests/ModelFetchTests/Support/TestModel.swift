import FaultServer
import Hashing
import ModelFetch

/// A model that exists only for a test: files whose right bytes are known, and the manifest that says so.
struct TestModel: Sendable {
    struct File: Sendable {
        let path: String
        let bytes: [UInt8]
        // Made once: an unoptimized build takes its time over a mebibyte.
        let digest: SHA256Digest
        let served: ServedFile

        init(_ path: String, _ bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
            digest = TestModel.digest(of: bytes)
            served = .bytes(bytes)
        }
    }

    var name = "test-model"
    var files: [File]
    var marker: String?

    /// One large file.
    static let single = TestModel(files: [File("model.data", synthetic(bigSize, seed: 1))])

    /// Another file of the same size.
    static let other = File("other.data", synthetic(bigSize, seed: 99))

    /// A marker, two small files and a large one, as a checkpoint has them.
    static let checkpoint = TestModel(
        files: [
            File("checkpoint", Array("model_checkpoint_path: \"model\"\n".utf8)),
            File("hparams.json", Array("{\"n_layer\": 12}\n".utf8)),
            File("model.data", synthetic(bigSize, seed: 2)),
            File("vocab.bpe", synthetic(70_000, seed: 3)),
        ], marker: "checkpoint")

    /// Beyond 1 MiB, so that a wrong file of this size may be somebody's work, and no multiple of any buffer.
    static let bigSize = (1 << 20) + 300_001

    static func synthetic(_ size: Int, seed: UInt64) -> [UInt8] {
        ServedFile.synthetic(size: Int64(size), seed: seed).read(0..<Int64(size))
    }

    static func digest(of bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) } }

    subscript(path: String) -> [UInt8] { files.first { $0.path == path }!.bytes }

    /// What an honest server of it has.
    var content: Content { Content(Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.served) })) }

    /// Every file pinned.
    ///
    /// - Parameter change: makes something else of a file.
    func manifest(
        sources: [ManifestSource] = [], change: (ManifestFile) throws -> ManifestFile = { $0 }
    ) throws -> Manifest {
        let files = try files.map { file in
            try change(
                ManifestFile(path: ManifestPath(file.path), size: Int64(file.bytes.count), sha256: file.digest))
        }
        return try Manifest(
            name: name, sources: sources, marker: marker.map { try ManifestPath($0) }, files: files)
    }
}

extension ManifestFile {
    /// The same file with only these words about it.
    func unpinned(size: Int64? = nil, expecting expected: Expected? = nil) -> ManifestFile {
        ManifestFile(path: path, size: size, sha256: nil, expected: expected, unpinned: "a test")
    }
}
