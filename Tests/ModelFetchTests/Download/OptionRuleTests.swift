import Synchronization
import Testing
import Threads
import Transfer

@testable import ModelFetch

@Suite struct `The options of a download` {
    @Test(arguments: [
        ("http://", "no host"), ("http://u:secret@", "no host"), ("http://u:secret@:80", "no host"),
        (":3128", "no host"),
        ("http://h:0", "port"), ("h:65536", "port"), ("h:x", "port"), ("[::1", "IPv6"), ("[::1]x", "port"),
        ("ftp://u:secret@h", "scheme"), ("http://h secret", "space"),
    ])
    func `refuse the address of a proxy that is none, without repeating it`(text: String, words: String) throws {
        let fault = try #require(ProxyAddress.fault(in: text))
        #expect(fault.contains(words) && !fault.contains("secret"), "\(fault)")
    }

    @Test(arguments: [
        "", "h", "h:3128", "http://h", "HTTP://h:1/", "https://u:p@ss@h:65535/x", "socks5h://[::1]:1080", "[::1]", "h:",
    ])
    func `take the address of a proxy`(text: String) {
        #expect(ProxyAddress.fault(in: text) == nil)
    }

    @Test(arguments: [
        ("Range", true), ("if-RANGE", true), ("Host", true), ("Content-Length", true), ("Proxy-Authorization", true),
        ("Authorization", false), ("Cookie", false), ("X-Range", false), ("User-Agent", false),
    ])
    func `leave to the user what decides about nothing`(name: String, isReserved: Bool) {
        var options = DownloadOptions()
        options.headers = [(name, "secret")]
        var failure: Failure?
        do throws(Failure) { try options.check() } catch { failure = error }
        #expect((failure != nil) == isReserved)
        if let failure {
            #expect(failure.kind == .usage && failure.message.contains(name) && !failure.message.contains("secret"))
        }
    }

    @Test(
        arguments: [
            ("https://u:p@h:1/a/b?c#d", "https://h:1/a/b…"), ("http://h/a@b", "http://h/a@b"), ("s3://h/x", "s3://h/x"),
            ("http://h:99999/", "http://h:99999/"), ("http://h/#f", "http://h/…"), ("http://u:p/w@h/", nil),
            ("u:p@h", nil), ("http://", nil), ("http://u:p@", nil), ("", nil), ("://h", nil), ("http://h\u{1B}/", nil),
            ("http://h/\u{1B}", "http://h/\\u{1B}"), ("http://[::1]:8/", "http://[::1]:8/"), ("a b://h/", nil),
        ] as [(String, String?)])
    func `show of an address what is no secret`(text: String, shown: String?) {
        #expect(shownAddress(text) == shown)
    }

    @Test(
        arguments: [
            (0x075700, true, "7.87.0"), (0x075600, false, "7.86.0"), (0x0756FF, false, "7.86.255"),
            (0x080000, true, "8.0.0"),
            (0x074A00, false, "7.74.0"), (0, false, "0.0.0"),
        ] as [(UInt32, Bool, String)])
    func `need a libcurl that is new enough`(bits: UInt32, isEnough: Bool, text: String) {
        #expect((CurlVersion(bits: bits) >= .oldest) == isEnough && CurlVersion(bits: bits).description == text)
        #expect(CurlVersion.running >= .oldest)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Threads that the system refuses` {
    /// Starts so many threads and no more.
    private final class Starter: Sendable {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }

        func start(_ run: @escaping @Sendable () -> Void) -> SystemThread? {
            let may = left.withLock { left in
                left -= 1
                return left >= 0
            }
            return may ? SystemThread(run) : nil
        }
    }

    private static let reserve = ThreadReserve.needed(processors: 2)

    @Test(arguments: 0...6)
    func `end an executor before it begins, and leave nothing behind`(count: Int) {
        let starter = Starter(min(count, Self.reserve))
        #expect(throws: Failure.noThreads) {
            _ = try BlockingExecutor(threads: 4, processors: 2, start: starter.start)
        }
    }

    @Test(arguments: 1...5)
    func `leave an executor with fewer, which do all the same`(count: Int) async throws {
        let starter = Starter(Self.reserve + count)
        let executor = try BlockingExecutor(threads: 4, processors: 2, start: starter.start)
        let sum = await withTaskExecutorPreference(executor) {
            await withTaskGroup(of: Int.self) { group in
                for number in 1...100 { group.addTask { number } }
                return await group.reduce(0, +)
            }
        }
        #expect(sum == 5050)
        executor.stop()
    }
}
