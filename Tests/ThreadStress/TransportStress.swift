import Foundation
import LoopbackServer
import SeededRandom
import Transfer

/// Many simultaneous transfers over libcurl that are read quickly, slowly or only in part, halted, dropped and
/// cancelled; and a transport that is shut down during some of them.
package struct TransportStress: Sendable {
    private static let largest = 3 << 20
    private static let bytes = [UInt8](unsafeUninitializedCapacity: largest) { buffer, made in
        var random = SplitMix64(seed: 1)
        for offset in stride(from: 0, to: largest, by: 8) {
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
        }
        made = largest
    }

    /// What a client does with a response.
    private enum Way: CaseIterable { case whole, slow, drop, halt, cancel, cut }

    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    /// - Returns: the violations, a sentence each.
    package func play() async throws -> [String] {
        // "/LENGTH/SENT": the number of bytes that are announced, and the number that is sent.
        let server = LoopbackServer { connection, head in
            let numbers = head.split(separator: " ")[1].split(separator: "/").compactMap { Int($0) }
            guard numbers.count == 2 else { return false }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(numbers[0])\r\n\r\n")
            return connection.send(Self.bytes[..<numbers[1]]) && numbers[0] == numbers[1]
        }
        defer { server.stop() }
        var configuration = TransportConfiguration(version: "test")
        configuration.proxy = ""
        configuration.stallTimeout = .seconds(600)
        // One to four loops, which share the pool.
        configuration.processors = 1 + Int(seed % 4)
        let transport = try CurlTransport(configuration)
        let violations = await withTaskGroup(of: [String].self) { group in
            for client in 0..<16 {
                group.addTask {
                    var random = SplitMix64(seed: seed &* 100 &+ UInt64(client))
                    var violations: [String] = []
                    for _ in 0..<4 { violations += await transfer(transport, server, &random).map { [$0] } ?? [] }
                    return violations
                }
            }
            return await group.reduce([], +)
        }
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<6 {
                group.addTask {
                    var random = SplitMix64(seed: seed &* 100 &+ 50 &+ UInt64(client))
                    let url = try? server.url("/\(Self.largest)/\(Self.largest)")
                    guard let url, let response = try? await transport.get(TransportRequest(url: url)) else { return }
                    for _ in 0..<random.below(6) { _ = try? await response.next() }
                }
            }
            group.addTask {
                for _ in 0..<seed % 50 { await Task.yield() }
                transport.shutdown()
            }
        }
        return violations
    }

    /// One transfer; returns a violation if there is one.
    private func transfer(
        _ transport: CurlTransport, _ server: LoopbackServer, _ random: inout SplitMix64
    ) async -> String? {
        let way = random.pick(Way.allCases)
        let length = 1 + random.below(random.chance(30) ? Self.largest : 200_000)
        let sent = way == .cut ? random.below(length) : length
        let patience = random.below(8)
        let task = Task { () throws -> Int in
            let response = try await transport.get(TransportRequest(url: try server.url("/\(length)/\(sent)")))
            var (received, chunks) = (0, 0)
            while true {
                if chunks == patience, way == .halt { response.halt() }
                if chunks == patience, way == .drop { return received }
                guard let chunk = try await response.next() else { return received }
                let isRight = chunk.withBytes { chunk in
                    Self.bytes.withUnsafeBytes { bytes in
                        received + chunk.count <= length
                            && memcmp(chunk.baseAddress!, bytes.baseAddress! + received, chunk.count) == 0
                    }
                }
                guard isRight else { throw Wrong(offset: received) }
                (received, chunks) = (received + chunk.count, chunks + 1)
                if way == .slow { for _ in 0..<20 { await Task.yield() } }
            }
        }
        if way == .cancel {
            for _ in 0..<random.below(60) { await Task.yield() }
            task.cancel()
        }
        do {
            let received = try await task.value
            if received != length, way != .drop {
                return "\(way): a successful end after \(received) of \(length) bytes"
            }
        } catch let wrong as Wrong {
            return "\(way): wrong bytes from byte \(wrong.offset) on"
        } catch {
            if way == .whole || way == .slow { return "\(way): \(error)" }
        }
        return nil
    }

    private struct Wrong: Error { let offset: Int }
}
