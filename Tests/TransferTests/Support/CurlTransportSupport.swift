import Glibc
import LoopbackServer
import Synchronization
import Testing

@testable import Transfer

/// A transport and a server for one test, both gone after it.
func withServer(
    _ configure: (inout TransportConfiguration) -> Void = { _ in },
    answer: @escaping @Sendable (LoopbackServer.Connection, String) -> Bool,
    test: (CurlTransport, LoopbackServer) async throws -> Void
) async throws {
    var configuration = TransportConfiguration(version: "test")
    configuration.proxy = ""
    // A busy machine may keep a test's task waiting for long: only tests of stalls want to see one.
    configuration.stallTimeout = .seconds(600)
    configure(&configuration)
    let transport = try CurlTransport(configuration)
    let server = LoopbackServer(answer: answer)
    defer {
        transport.shutdown()
        server.stop()
    }
    try await test(transport, server)
}

func read(_ response: any TransportResponse) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try await response.next() { chunk.withBytes { bytes += $0 } }
    return bytes
}

func count(_ response: any TransportResponse) async throws -> Int {
    var count = 0
    while let chunk = try await response.next() { count += chunk.count }
    return count
}

/// Bytes that differ from megabyte to megabyte and within each.
struct Noise {
    private let base: [UInt8]

    init() {
        var state: UInt32 = 1
        base = (0..<(1 << 20) + 256).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }

    func megabyte(_ index: Int) -> ArraySlice<UInt8> { base[index..<(index + (1 << 20))] }

    func matches(_ chunk: Chunk, at start: Int) -> Bool {
        chunk.withBytes { bytes in
            var done = 0
            while done < bytes.count {
                let (index, place) = ((start + done) >> 20, (start + done) & 0xFFFFF)
                let length = min(bytes.count - done, (1 << 20) - place)
                let isSame = base.withUnsafeBytes {
                    memcmp($0.baseAddress! + index + place, bytes.baseAddress! + done, length) == 0
                }
                guard isSame else { return false }
                done += length
            }
            return true
        }
    }
}

/// One event that one task waits for.
final class Signal: Sendable {
    private let state = Mutex<(isSet: Bool, waiter: CheckedContinuation<Void, Never>?)>((false, nil))

    func set() {
        let waiter = state.withLock { state in
            state.isSet = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLock { state in
                if !state.isSet { state.waiter = continuation }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }
}
