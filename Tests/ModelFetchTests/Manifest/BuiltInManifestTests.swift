import BuiltInManifests
import Foundation
import Hashing
import ModelFetch
import Testing

@Suite struct `Built-in manifests` {
    private static let checkpoint = "dd1b025d2e155283f5e300ce95bf6d5b6bc0f7fe010db73daa6975eb896ab9cb"
    private static let encoder = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
    private static let vocabulary = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    private static let data = "model.ckpt.data-00000-of-00001"

    /// A file of a model: what the manifest must pin, and what it must merely expect.
    struct Known: Sendable {
        var model, file: String
        var size: Int64?
        var sha256: String?
        var expectedSize: Int64?
        var expectedSHA256: String?
    }

    /// Written out a second time on purpose: a slip of the hand in a manifest must not pass.
    static let known: [Known] =
        ["124M", "355M", "1558M"].flatMap { model in
            [
                Known(model: model, file: "checkpoint", size: 77, sha256: checkpoint),
                Known(model: model, file: "encoder.json", size: 1_042_301, sha256: encoder),
                Known(model: model, file: "vocab.bpe", size: 456_318, sha256: vocabulary),
            ]
        } + [
            Known(
                model: "124M", file: "hparams.json", size: 90,
                sha256: "d9d56e4121c427164e0c55c6f03c08e1daf9002b9b672825112d19097b680318"),
            Known(
                model: "124M", file: "model.ckpt.index", size: 5215,
                sha256: "71916f763f9746f9b2a06b12d91996cf1084ae008d0424543d39391c5f2dc687"),
            Known(
                model: "124M", file: "model.ckpt.meta", size: 471_155,
                sha256: "4668c448fa11531fd6700460487f73e82d3272960cea942252f8744bf225c77b"),
            Known(
                model: "124M", file: data, size: 497_759_232,
                sha256: "2060c885360cc0cf41d7a6dbc4d24b5127aae20260c8b5ae521b5a6578407118"),
            Known(
                model: "355M", file: "hparams.json", size: 91,
                sha256: "310dfdb1f0c786b79d93459eaa470f3978d873bdc3e1f9fed1cad24d9dd0b1f6"),
            Known(
                model: "355M", file: "model.ckpt.index", size: 10399,
                sha256: "4490e7b1f5ec0abfc1e111fcd27cdda7cb280c597ba0a885c364134e62ce43aa"),
            Known(
                model: "355M", file: "model.ckpt.meta", size: 926_519,
                sha256: "06e1a92057d2a4fbdc483bd1f61a26cc274f1c999b84c6d9e9c50aa8d5ead44a"),
            Known(
                model: "355M", file: data, size: 1_419_292_672,
                sha256: "22b4212602a087d1cdeec3509648f4d7b1f181eaa33ce0f3c688fbfb732d622f"),
            Known(
                model: "1558M", file: "hparams.json", size: 91,
                sha256: "647420ef8cf586f8933899000aa50c1996eaca50e4dc6fbd25bfdc64f4207bbf"),
            Known(
                model: "1558M", file: "model.ckpt.index", size: 20724,
                sha256: "3a968cd212647a6007ddf7d6c9f52c9b158d0e9aabc9206390709c37d4175e5e"),
            Known(
                model: "1558M", file: "model.ckpt.meta", size: 1_837_247,
                sha256: "0bba0140dbafca5282c11610908aebcfec35070973c87836a81b985d2f620817"),
            Known(model: "1558M", file: data, size: 6_230_444_800),
            Known(model: "774M", file: "checkpoint", expectedSize: 77, expectedSHA256: checkpoint),
            Known(model: "774M", file: "encoder.json", expectedSize: 1_042_301, expectedSHA256: encoder),
            Known(model: "774M", file: "vocab.bpe", expectedSize: 456_318, expectedSHA256: vocabulary),
            Known(
                model: "774M", file: "hparams.json", expectedSize: 91,
                expectedSHA256: "55485135775c1ed186dd09e372e74d2617ee7dc2cf7b54de26960fb5192dbacf"),
            Known(model: "774M", file: "model.ckpt.index", expectedSize: 15535),
            Known(model: "774M", file: "model.ckpt.meta", expectedSize: 1_381_883),
            Known(model: "774M", file: data, expectedSize: 3_096_120_320),
        ]

    @Test(arguments: known)
    func `pin what is known and invent nothing`(known: Known) throws {
        let manifest = try ManifestCatalog().find(known.model).manifest
        let file = try #require(manifest.file(at: ManifestPath(known.file)))
        #expect(file.size == known.size)
        #expect(file.sha256?.hex == known.sha256)
        #expect(file.expected?.size == known.expectedSize)
        #expect(file.expected?.sha256?.hex == known.expectedSHA256)
        #expect((file.unpinned == nil) == (known.sha256 != nil))
    }

    @Test(arguments: ["124M", "355M", "774M", "1558M"])
    func `have the seven files in the usual order, three sources and a marker`(model: String) throws {
        let loaded = try ManifestCatalog().find(model)
        let manifest = loaded.manifest
        #expect(loaded.origin == .builtIn)
        #expect(loaded.warnings == [])
        #expect(manifest.name == "gpt2-\(model)")
        #expect(manifest.directory == model)
        #expect(manifest.marker?.string == "checkpoint")
        #expect(
            manifest.files.map(\.path.string) == [
                "checkpoint", "encoder.json", "vocab.bpe", "hparams.json", "model.ckpt.index", "model.ckpt.meta",
                Self.data,
            ])
        #expect(Self.known.filter { $0.model == model }.count == 7)
        #expect(manifest.sources.map(\.rank) == [0, 1, 2])
        #expect(manifest.sources[0].url == "https://openaipublic.blob.core.windows.net/gpt-2/models/\(model)/")
        #expect(manifest.sources.allSatisfy { $0.url.hasPrefix("https://") && $0.url.hasSuffix("/\(model)/") })
    }

    /// GPT-2's shapes: width, heads, layers.
    @Test(arguments: [("124M", 768, 12, 12), ("355M", 1024, 16, 24), ("774M", 1280, 20, 36), ("1558M", 1600, 25, 48)])
    func `have sizes and hyperparameters that follow from the shape of the model`(
        model: String, width: Int64, heads: Int, layers: Int64
    ) throws {
        let manifest = try ManifestCatalog().find(model).manifest
        let parameters =
            (50257 + 1024) * width  // token and position embeddings
            + layers * (12 * width * width + 13 * width)  // attention, feed-forward and two norms
            + 2 * width  // the last norm
        #expect(try manifest.file(at: ManifestPath(Self.data))?.plannedSize == 4 * parameters)

        let json = """
            {
              "n_vocab": 50257,
              "n_ctx": 1024,
              "n_embd": \(width),
              "n_head": \(heads),
              "n_layer": \(layers)
            }

            """
        let file = try #require(try manifest.file(at: ManifestPath("hparams.json")))
        #expect(file.plannedSize == Int64(json.utf8.count))
        #expect(
            (file.sha256 ?? file.expected?.sha256)
                == Array(json.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) })
        // The graph has the same number of bytes for every layer.
        #expect(try manifest.file(at: ManifestPath("model.ckpt.meta"))?.plannedSize == 471_155 + 37947 * (layers - 12))
    }

    @Test func `know 117M's earlier hparams.json as genuine`() throws {
        let files = try ManifestCatalog().find("117M").manifest.files
        let variants = files.flatMap { file in file.variants.map { (file.path.string, $0.size, $0.sha256.hex) } }
        try #require(variants.count == 1)
        #expect(
            variants[0] == (
                "hparams.json", 89, "097db6ed93a3d9b8a32532fca9e564c703bed00c73908ecc49d1b05db2199606"
            ))
    }

    @Test func `describe the tiny checkpoint in Fixtures`() throws {
        let manifest = try ManifestCatalog().find("tiny").manifest
        #expect(manifest.sources == [])
        #expect(manifest.directory == "tiny" && manifest.marker?.string == "checkpoint")
        let directory = Repository.root.appendingPathComponent("Fixtures/tiny").path
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.sorted() == manifest.files.map(\.path.string).sorted())
        for file in manifest.files {
            let bytes = try Repository.bytes("Fixtures/tiny/\(file.path)")
            #expect(file.size == Int64(bytes.count))
            #expect(file.sha256 == bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) })
        }
    }

    @Test(arguments: BuiltInManifests.files.map(\.name))
    func `are written as we would write them`(name: String) throws {
        let bytes = try #require(BuiltInManifests.files.first { $0.name == name }?.bytes)
        let manifest = try Manifest.decode(bytes, from: .builtIn).manifest
        #expect(manifest.json() == String(decoding: bytes, as: UTF8.self))
        #expect(try Repository.bytes("manifests/\(name)") == bytes)
    }
}
