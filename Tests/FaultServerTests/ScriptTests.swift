internal import FaultServer
internal import Foundation
internal import TemporaryDirectory
import Testing

/// Which requests suffer which faults, and how scripts are written down.
@Suite(.timeLimit(.minutes(10)))
struct ScriptTests {
    private static let files: Content = [
        "a/x.data": .bytes(Array(repeating: 0, count: 100)), "b.json": .bytes([1, 2, 3]),
    ]

    /// Each fault is a mark that shows in the record; the requests are path and Range.
    private static func mark(_ text: String) -> Fault { .header("Mark", text) }

    private static let requests: [(String, String?)] = [
        ("/b.json", nil), ("/a/x.data", nil), ("/a/x.data", "bytes=50-"), ("/b.json", nil), ("/a/x.data", "bytes=-10"),
    ]

    @Test(
        arguments: [
            (.on(mark("m")), [0, 1, 2, 3, 4]), (.on(path: "*.data", mark("m")), [1, 2, 4]),
            (.on(path: "?.json", mark("m")), [0, 3]), (.on(path: "*.*a*", mark("m")), [1, 2, 4]),
            (.on(path: "x.data", mark("m")), []), (.on(path: "a/x.data*", mark("m")), [1, 2, 4]),
            (.on(request: 1, mark("m")), [2, 3]), (.on(requests: 1...2, mark("m")), [2, 3, 4]),
            (.on(request: 1, counting: .server, mark("m")), [1]),
            (.on(path: "*.data", requests: 0...1, counting: .rule, mark("m")), [1, 2]),
            (.on(every: 2, mark("m")), [2, 3]), (.on(counting: .server, every: 2, mark("m")), [1, 3]),
            (.on(counting: .connection, every: 4, mark("m")), [3]),
            (.on(offsets: 1..<60, mark("m")), [2]), (.on(offsets: 60..<100, mark("m")), [4]),
            (.on(path: "*.data", times: 2, mark("m")), [1, 2]), (.on(method: "HEAD", mark("m")), []),
        ] as [(FaultRule, [Int])])
    func `a rule selects its requests`(rule: FaultRule, picked: [Int]) async throws {
        try await FaultServer.run(files: Self.files, script: [rule]) { server in
            for (target, range) in Self.requests {
                _ = try await exchange(server, target, range.map { ["Range: \($0)"] } ?? [])
            }
            #expect(server.log.filter { !$0.faults.isEmpty }.map(\.order) == picked)
        }
    }

    @Test func `all rules that match apply, and a new script counts from the start`() async throws {
        let script: FaultScript = [
            .on(request: 0, Self.mark("one")), .on(.etag(value: "\"x\"")), .on(.etag(value: "\"y\"")),
        ]
        try await FaultServer.run(files: Self.files, script: script) { server in
            let first = try await reply(server, "/b.json")
            #expect(first.header("Mark") == "one" && first.header("ETag") == "\"y\"")
            #expect(try await reply(server, "/b.json").header("Mark") == nil)
            server.replace(script: script)
            #expect(try await reply(server, "/b.json").header("Mark") == "one")
        }
    }

    @Test func `a script reads from JSON`() throws {
        let json = """
            {"rules": [
              {"path": "*.data*", "requests": 0, "faults": [{"drop": {"after": 100000}}]},
              {"requests": [1, 2], "counting": "server", "every": 2, "offsets": [0, 10], "times": 3, "method": "GET",
               "faults": [{"status": {"code": 503, "retryAfter": 1}}, {"noETag": {}}]}
            ]}
            """
        let script = try JSONDecoder().decode(FaultScript.self, from: Data(json.utf8))
        let expected: FaultScript = [
            .on(path: "*.data*", request: 0, .drop(after: 100_000)),
            .on(
                method: "GET", requests: 1...2, counting: .server, every: 2, offsets: 0..<10, times: 3,
                .status(503, retryAfter: .seconds(1)), .noETag),
        ]
        #expect(script == expected)
    }

    @Test(arguments: [
        #"{"rules": [{"faults": [{"drip": {}}]}]}"#, #"{"rules": [{"faults": [{"drop": {}}]}]}"#,
        #"{"rules": [{"requests": [3, 1], "faults": []}]}"#, #"{"rules": [{}]}"#,
        #"{"rules": [{"every": 0, "faults": []}]}"#, #"{}"#,
    ])
    func `an invalid script is refused`(json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(FaultScript.self, from: Data(json.utf8)) }
    }

    @Test func `every fault in the table of README can be parsed`() throws {
        let readme = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "FaultServer/README.md")
        let rows = try String(contentsOf: readme, encoding: .utf8).split(separator: "\n").filter {
            $0.hasSuffix("}` |")
        }
        #expect(rows.count == 61)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let json = cells[2].trimmingCharacters(in: ["`"])
            let fault = try JSONDecoder().decode(Fault.self, from: Data(json.utf8))
            let word = cells[0].split(separator: " ")[0]
            #expect("\(fault)".hasPrefix(word), "\(row)")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a random script depends only on its seed and can be written as JSON`(seed: UInt64) throws {
        let script = FaultScript.random(seed: seed)
        #expect(script == FaultScript.random(seed: seed))
        #expect(script != FaultScript.random(seed: seed + 1))
        let data = try JSONEncoder().encode(script)
        #expect(try JSONDecoder().decode(FaultScript.self, from: data) == script)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a random script ends with a correct server`(seed: UInt64) async throws {
        try await FaultServer.run(files: Self.files, script: .random(seed: seed, span: 100)) { server in
            // Rules apply at most three times each, and at most to the eighth request.
            for _ in 0..<40 { _ = try await exchange(server, "/b.json") }
            let last = try await reply(server, "/b.json")
            #expect(last.status == 200 && last.body == [1, 2, 3])
        }
    }

    @Test func `a directory is served in its current state, and nothing outside it`() async throws {
        let outer = try TemporaryDirectory()
        defer { withExtendedLifetime(outer) {} }
        let directory = outer.url.appending(path: "inner")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        try Data("old".utf8).write(to: directory.appending(path: "f"))
        try Data("secret".utf8).write(to: outer.url.appending(path: "s"))
        try await FaultServer.run(files: .directory(directory.path)) { server in
            let old = try await reply(server, "/f")
            #expect(old.body == Array("old".utf8) && old.header("Content-Length") == "3")
            try Data("newer".utf8).write(to: directory.appending(path: "f"), options: .atomic)
            let new = try await reply(server, "/f", "Range: bytes=1-", "If-Range: \(try #require(old.header("ETag")))")
            #expect(new.status == 200 && new.body == Array("newer".utf8))
            for target in ["/../s", "/%2e%2e/s", "/", "/.", "/f%00", "//f"] {
                #expect(try await reply(server, target).status == 404, "\(target)")
            }
        }
    }
}
