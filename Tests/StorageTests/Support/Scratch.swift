import Foundation
import TemporaryDirectory
import Testing

/// The files in a temporary directory, by their names below it.
final class Scratch: Sendable {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    var path: String { directory.path }

    func path(_ name: String) -> String { path + "/" + name }

    func exists(_ name: String) -> Bool { (try? FileManager.default.attributesOfItem(atPath: path(name))) != nil }

    func read(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: path(name)).map { Array($0) } }

    /// Makes or replaces a file, in place where there is one.
    func write(_ bytes: [UInt8], to name: String) throws {
        try makeDirectory(of: name)
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func makeDirectory(of name: String) throws {
        let parent = (path(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    }

    /// Writes into a file that is there, as somebody else would.
    func overwrite(_ name: String, at offset: Int64, with bytes: [UInt8]) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path(name)))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func truncate(_ name: String, to size: Int64) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path(name)))
        try file.truncate(atOffset: UInt64(size))
        try file.close()
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    /// Every name below the directory, in order.
    func names() -> [String] { (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted() }
}
