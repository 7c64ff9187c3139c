import Foundation
import ModelFetch
import Testing

/// What the library says is said to users of any program: it must not name the options of one.
struct LibraryMessageTests {
    @Test(arguments: Remedy.all)
    func `no remedy names an option of a command`(remedy: Remedy) {
        #expect(!remedy.description.isEmpty && !remedy.description.contains("--"))
    }

    @Test func `no two remedies are said in the same words`() {
        #expect(Set(Remedy.all.map(\.description)).count == Remedy.all.count)
        #expect(Set(Remedy.all).count == Remedy.all.count)
    }

    @Test func `no string of the library's sources names an option of a command`() throws {
        let option = /"[^"]*(?:^|[ "'(])--[a-z][^"]*"/
        var count = 0
        for module in ["ModelFetch", "Storage", "Transfer", "Hashing", "Threads"] {
            let root = Repository.root.appendingPathComponent("Sources/" + module).path
            for case let path as String in try #require(FileManager.default.enumerator(atPath: root))
            where path.hasSuffix(".swift") {
                count += 1
                let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
                for line in text.split(separator: "\n") where !line.contains(/^ *\/\//) {
                    #expect(!line.contains(option), "\(module)/\(path): \(line)")
                }
            }
        }
        #expect(count > 50)
    }
}
