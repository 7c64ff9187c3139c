import Testing

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `The meeting place of a transfer` {
    /// The inbox is closed, so that the invalid handle is never used.
    private func exchange() throws -> Exchange {
        let inbox = LoopInbox(multi: MultiReference(handle: try #require(UnsafeMutableRawPointer(bitPattern: 8))))
        _ = inbox.close()
        return Exchange(id: 1, request: TransportRequest(url: try HTTPURL(parsing: "http://127.0.0.1/f")), inbox: inbox)
    }

    @Test func `a cancelled exchange with bytes that were not taken does not end successfully`() async throws {
        let exchange = try exchange()
        exchange.push(Chunk(copying: [1, 2, 3]))
        exchange.finish(.success(()))
        exchange.cancel()
        let error = await #expect(throws: TransferError.self) { try await exchange.next() }
        #expect(error?.code == .cancelled)
    }

    @Test func `a complete exchange stays successful when it is cancelled`() async throws {
        let exchange = try exchange()
        exchange.push(Chunk(copying: [1, 2, 3]))
        exchange.finish(.success(()))
        #expect(try await exchange.next()?.count == 3)
        exchange.cancel()
        #expect(try await exchange.next() == nil)
    }
}
