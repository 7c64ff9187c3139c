import Foundation
import Glibc
import Testing

/// What lies beside the model directory and is none of the program's business; and the ways by which somebody could lead it there.
struct Outside: Sendable {
    /// What can be put in a file's or a directory's place.
    enum Obstacle: String, CaseIterable, Sendable {
        case symlink, danglingSymlink, symlinkToDirectory, hardLink, fifo, directory, device
    }

    private static let precious = Array("precious".utf8)

    private let path: String

    init(_ workspace: Workspace) throws {
        path = workspace.path + "/outside"
        try workspace.write(Self.precious, to: "outside/file")
        // By these names the program would look for its own things behind a directory that is a link.
        for name in ["weights.bin.partial", "lock", "receipts.json", "vocab.bpe.partial", "weights.bin.journal"] {
            try workspace.write(Self.precious, to: "outside/directory/" + name)
        }
    }

    /// Puts something there; what stood there is moved to `aside`, or removed.
    ///
    /// - Returns: `false` where that could not be done, such as in a race.
    @discardableResult
    func put(_ obstacle: Obstacle, at place: String, aside: String? = nil) -> Bool {
        if let aside { _ = rename(place, aside) } else { try? FileManager.default.removeItem(atPath: place) }
        switch obstacle {
        case .symlink: return symlink(path + "/file", place) == 0
        case .danglingSymlink: return symlink(path + "/new", place) == 0
        case .symlinkToDirectory: return symlink(path + "/directory", place) == 0
        case .hardLink: return link(path + "/file", place) == 0
        case .fifo: return mkfifo(place, 0o666) == 0
        case .directory: return mkdir(place, 0o777) == 0
        // /dev/null: 1, 3, as makedev(3) has it.
        case .device: return mknod(place, S_IFCHR | 0o666, 1 << 8 | 3) == 0
        }
    }

    func expectUntouched(_ location: SourceLocation = #_sourceLocation) {
        let names = (FileManager.default.subpaths(atPath: path) ?? []).sorted()
        #expect(names.count == 7, "\(names)", sourceLocation: location)
        for name in names where name != "directory" {
            let bytes = FileManager.default.contents(atPath: path + "/" + name).map { Array($0) }
            #expect(bytes == Self.precious, "\(name)", sourceLocation: location)
        }
    }
}
