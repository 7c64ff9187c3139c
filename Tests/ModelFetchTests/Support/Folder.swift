import Foundation
import Hashing
import ModelFetch
import TemporaryDirectory
import Testing

/// A model directory for one test, in a temporary directory of its own.
final class Folder: Sendable {
    private let directory: TemporaryDirectory
    /// Nothing but the model directory belongs here.
    var root: String { directory.path }
    /// The model directory. Not made beforehand.
    let path: String

    /// - Parameter inMemory: whether it is on a file system in memory where there is one, since there are many files in it.
    init(inMemory: Bool = false) throws {
        directory = try TemporaryDirectory(in: inMemory ? TemporaryDirectory.inMemory : nil)
        path = directory.path + "/model"
    }

    func at(_ file: String) -> String { path + "/" + file }

    /// Puts a file there, with its directories.
    func put(_ bytes: some Sequence<UInt8>, _ file: String) throws {
        let target = at(file)
        let parent = target[..<(target.lastIndex(of: "/") ?? target.endIndex)]
        try FileManager.default.createDirectory(atPath: String(parent), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: target))
    }

    /// Puts all files of a model there but for some.
    func put(_ model: TestModel, but missing: Set<String> = []) throws {
        for file in model.files where !missing.contains(file.path) { try put(file.bytes, file.path) }
    }

    /// `nil` where there is no such file.
    func bytes(_ file: String) -> [UInt8]? { (try? Data(contentsOf: URL(fileURLWithPath: at(file)))).map { Array($0) } }

    func digest(_ file: String) -> SHA256Digest? { bytes(file).map { TestModel.digest(of: $0) } }

    func has(_ file: String) -> Bool { (try? FileManager.default.attributesOfItem(atPath: at(file))) != nil }

    func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: at(file)) }

    /// The names in the model directory, in order.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// Sets a file's modification time to another moment.
    func touch(_ file: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: at(file))
    }

    // MARK: Invariants

    /// What stood where before a run.
    struct Snapshot {
        var outside: [String] = []
        var names: Set<String> = []
        /// By path: the digests of what stood under final names.
        var finals: [String: SHA256Digest] = [:]
    }

    func snapshot(of manifest: Manifest) -> Snapshot {
        var snapshot = Snapshot()
        snapshot.outside = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
        snapshot.names = Set(names)
        for file in manifest.files { snapshot.finals[file.path.string] = digest(file.path.string) }
        return snapshot
    }

    /// What must hold after every run, whatever happened in it.
    ///
    /// - Parameter right: the right digests, by path.
    func checkInvariants(
        since before: Snapshot, of manifest: Manifest, right: [String: SHA256Digest], sourceLocation: SourceLocation
    ) {
        // I2: nothing outside the model directory.
        let outside = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        #expect(
            Set(outside).subtracting(before.outside).isSubset(of: ["model"]), "something outside the directory",
            sourceLocation: sourceLocation)
        // Nothing in it but what belongs there.
        let tops = Set(manifest.files.map { $0.path.string.split(separator: "/").first.map(String.init) ?? "" })
        for name in names where !before.names.contains(name) {
            #expect(
                tops.contains(name) || name.hasSuffix(".partial") || name == ".modelfetch", "\(name) does not belong",
                sourceLocation: sourceLocation)
        }
        // I1: under a final name stand the right bytes, or the very file that stood there before.
        var isWhole = true
        for file in manifest.files {
            let path = file.path.string
            let now = digest(path)
            isWhole = isWhole && now == right[path]
            guard let now, now != right[path] else { continue }
            #expect(now == before.finals[path], "\(path) has wrong bytes", sourceLocation: sourceLocation)
        }
        // Promise 4: the marker is published by nobody but a run that saw the model whole.
        if let marker = manifest.marker?.string, before.finals[marker] == nil, has(marker) {
            #expect(isWhole, "the marker stands, and the model is not whole", sourceLocation: sourceLocation)
        }
    }
}
