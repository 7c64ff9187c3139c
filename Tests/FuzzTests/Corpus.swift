import Foundation

/// The kept inputs: `Fixtures/corpus/<target>/`, a file an input, and `words.txt`, the format's words, a line each.
struct Corpus {
    private(set) var inputs: [(name: String, bytes: [UInt8])] = []
    private(set) var words: [[UInt8]] = []

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures")

    init(of target: FuzzTarget) throws {
        try add(Self.root.appendingPathComponent("corpus/\(target.rawValue)"))
        // What the other tests keep is as good.
        switch target {
        case .json, .manifest: try add(Self.root.appendingPathComponent("manifests"))
        case .journal: try add(Self.root.appendingPathComponent("journals"), suffix: ".journal")
        default: break
        }
    }

    private mutating func add(_ directory: URL, suffix: String = "") throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() {
            guard name.hasSuffix(suffix), !name.hasPrefix(".") else { continue }
            let bytes = [UInt8](try Data(contentsOf: directory.appendingPathComponent(name)))
            if name == "words.txt" {
                words = bytes.split(separator: 0x0A).map { Array($0) }
            } else {
                inputs.append((name, bytes))
            }
        }
    }
}
