internal import CCurl
internal import Glibc

/// A thread that owns a multi handle and the easy handles of its transfers.
///
/// It blocks only in `curl_multi_poll`. Other threads reach it only through its ``LoopInbox``.
final class CurlLoop {
    private var multi: MultiReference
    private let driver: MultiDriver
    private let inbox: LoopInbox
    private let configuration: TransportConfiguration
    private let resources: LoopResources
    /// Called when a transfer has ended, before its consumer is told. The flag says whether its connection can be reused.
    private let didEnd: (HTTPURL.Origin, _ keepsConnection: Bool) -> Void
    private var transfers: [Exchange.ID: CurlTransfer] = [:]
    /// How many turns in a row have failed.
    private var failedTurns = 0

    init(
        multi: MultiReference, driver: MultiDriver, inbox: LoopInbox, pool: BufferPool,
        configuration: TransportConfiguration,
        didEnd: @escaping (HTTPURL.Origin, _ keepsConnection: Bool) -> Void
    ) {
        self.multi = multi
        self.driver = driver
        self.inbox = inbox
        self.configuration = configuration
        self.didEnd = didEnd
        resources = LoopResources(pool: pool, inbox: inbox, rateLimit: configuration.rateLimit)
    }

    /// Runs until it is stopped, then ends all transfers.
    func run() {
        let shutdown = TransferError(.cancelled, "the transport was shut down")
        while true {
            let mail = inbox.drain()
            if mail.stops {
                end(mail.starts, with: shutdown)
                break
            }
            // In this order: a transfer may be started and cancelled in the same batch.
            mail.starts.forEach(start)
            mail.halts.forEach(halt)
            mail.cancels.forEach(cancel)
            resumeHeld()
            var code = CURLMcode(driver.perform(multi))
            collectFinished()
            flushDue()
            if code == CURLM_OK { code = CURLMcode(driver.poll(multi, timeout())) }
            if code == CURLM_OK { failedTurns = 0 } else { startOver(after: code) }
        }
        endTransfers(with: shutdown)
        end(inbox.close().starts, with: shutdown)
        curl_multi_cleanup(multi.handle)
    }

    private func end(_ exchanges: [Exchange], with failure: TransferError) {
        for exchange in exchanges { exchange.finish(.failure(failure)) }
    }

    private func endTransfers(with failure: TransferError) {
        for transfer in transfers.values {
            remove(transfer)
            transfer.end(with: failure)
        }
        transfers = [:]
        resources.held = []
    }

    /// The multi handle has failed, for example for lack of memory: its transfers fail, and later ones get a fresh
    /// handle.
    ///
    /// libcurl-errors(3) does not say after which `CURLMcode` a handle remains usable, so it is replaced after any.
    private func startOver(after code: CURLMcode) {
        endTransfers(with: TransferError(.localFailure, String(cString: curl_multi_strerror(code))))
        // This must not spin when a fresh handle fails as well, or cannot be created. The pause is short because
        // nothing can wake the thread during it.
        if failedTurns > 0 { usleep(10_000 << UInt32(min(failedTurns, 4))) }
        failedTurns += 1
        guard let fresh = MultiReference.make() else { return }
        let old = multi
        multi = fresh
        // After this no other thread wakes the old handle.
        inbox.replace(fresh)
        curl_multi_cleanup(old.handle)
    }
}

@available(*, unavailable)
extension CurlLoop: Sendable {}

// MARK: - Transfers

extension CurlLoop {
    private func start(_ exchange: Exchange) {
        do throws(TransferError) {
            let transfer = try CurlTransfer(exchange, configuration: configuration, resources: resources)
            let code = curl_multi_add_handle(multi.handle, transfer.handle)
            guard code == CURLM_OK else {
                throw TransferError(.localFailure, String(cString: curl_multi_strerror(code)))
            }
            transfers[exchange.id] = transfer
        } catch {
            didEnd(exchange.request.url.origin, false)
            exchange.finish(.failure(error.at(exchange.request.url)))
        }
    }

    /// The consumer has been told already. A transfer that has ended in the meantime is no longer in the table.
    private func cancel(_ id: Exchange.ID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        remove(transfer)
    }

    private func halt(_ id: Exchange.ID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        remove(transfer)
        transfer.end(with: TransferError(.cancelled))
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // curl_multi_info_read(3): the message becomes invalid when the handle is removed.
            let code = ccurl_message_result(message)
            var context: UnsafeMutableRawPointer?
            guard ccurl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { continue }
            finish(Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue(), code)
        }
    }

    private func finish(_ transfer: CurlTransfer, _ code: CURLcode) {
        let error = transfer.error(for: code)
        // The consumer may send its next request as soon as it is told, which should find this connection idle.
        remove(transfer, keepsConnection: error == nil)
        transfers[transfer.exchange.id] = nil
        transfer.end(with: error)
    }

    /// A connection whose transfer is removed before its end is closed (curl_multi_remove_handle(3)).
    private func remove(_ transfer: CurlTransfer, keepsConnection: Bool = false) {
        curl_multi_remove_handle(multi.handle, transfer.handle)
        resources.held.removeAll { $0 === transfer }
        didEnd(transfer.exchange.request.url.origin, keepsConnection)
    }
}

// MARK: - Pace

extension CurlLoop {
    /// Resumes paused transfers that can continue, the longest paused first. Those that pause again go to the end of
    /// the line.
    private func resumeHeld() {
        guard !resources.held.isEmpty else { return }
        let now = ContinuousClock.now
        let line = resources.held
        resources.held = []
        var still: [CurlTransfer] = []
        for transfer in line {
            switch transfer.resume(now: now) {
            case nil: still.append(transfer)
            case CURLE_OK?: break
            // curl_easy_pause(3) delivers what libcurl kept. If a callback refuses that, the error is returned here and
            // not through the multi handle.
            case let code?: finish(transfer, code)
            }
        }
        resources.held = still + resources.held
    }

    private func flushDue() {
        let now = ContinuousClock.now
        for transfer in transfers.values { transfer.flushIfDue(now: now) }
    }

    /// Milliseconds until the loop itself has something to do; curl_multi_poll(3) handles libcurl's own timers.
    private func timeout() -> Int32 {
        let now = ContinuousClock.now
        var wait = Duration.seconds(10)
        for transfer in transfers.values {
            if let due = transfer.dueAt { wait = min(wait, now.duration(to: due)) }
        }
        if resources.held.contains(where: { $0.hold == .rate }), let pause = resources.bucket?.wait(now: now) {
            wait = min(wait, pause)
        }
        // Rounded up: waking a fraction of a millisecond early would spin.
        return Int32(max((wait / .milliseconds(1)).rounded(.up), 0))
    }
}
