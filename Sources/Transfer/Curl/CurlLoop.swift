internal import CCurl
internal import Glibc

/// The thread that owns the multi handle and all easy handles.
///
/// Nothing here blocks but `curl_multi_poll`, and nothing here is touched by another thread but the ``LoopInbox``.
final class CurlLoop {
    private var multi: MultiReference
    private let driver: MultiDriver
    private let inbox: LoopInbox
    private let configuration: TransportConfiguration
    private let resources: LoopResources
    private var transfers: [Exchange.ID: CurlTransfer] = [:]
    /// How many turns in a row libcurl could not make.
    private var failedTurns = 0

    init(
        multi: MultiReference, driver: MultiDriver, inbox: LoopInbox, pool: BufferPool,
        configuration: TransportConfiguration
    ) {
        self.multi = multi
        self.driver = driver
        self.inbox = inbox
        self.configuration = configuration
        resources = LoopResources(pool: pool, rateLimit: configuration.rateLimit)
    }

    /// Runs until it is told to stop, then ends all transfers.
    func run() {
        let shutdown = TransferError(.cancelled, "the transport was shut down")
        while true {
            let mail = inbox.drain()
            if mail.stops {
                end(mail.starts, with: shutdown)
                break
            }
            // In this order: what is cancelled may have begun in the same mail.
            mail.starts.forEach(start)
            mail.halts.forEach(halt)
            mail.cancels.forEach(cancel)
            resumeHeld()
            var code = CURLMcode(driver.perform(multi))
            collectFinished()
            handOverRipe()
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

    /// The multi handle does not work (out of memory, say): its transfers fail, and the next ones get a fresh handle.
    ///
    /// libcurl-errors(3) does not say which `CURLMcode` leaves a handle usable, so none is relied on.
    private func startOver(after code: CURLMcode) {
        endTransfers(with: TransferError(.localFailure, String(cString: curl_multi_strerror(code))))
        // Where a fresh handle fails, too, or cannot be had, this must not spin. Nobody can wake a thread that sleeps, so the
        // pause stays short.
        if failedTurns > 0 { usleep(10_000 << UInt32(min(failedTurns, 4))) }
        failedTurns += 1
        guard let fresh = MultiReference.make() else { return }
        let old = multi
        multi = fresh
        // From here on nobody wakes the old one.
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
            exchange.finish(.failure(error.at(exchange.request.url)))
        }
    }

    /// The consumer has its answer already; a transfer that came to its end meanwhile is not here any more.
    private func cancel(_ id: Exchange.ID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        remove(transfer)
    }

    private func halt(_ id: Exchange.ID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        transfer.halt()
        remove(transfer)
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // curl_multi_info_read(3): the message is gone once the handle is removed.
            let code = ccurl_message_result(message)
            var context: UnsafeMutableRawPointer?
            guard ccurl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { continue }
            finish(Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue(), code)
        }
    }

    private func finish(_ transfer: CurlTransfer, _ code: CURLcode) {
        // First what libcurl knows about the transfer, then the handle out.
        transfer.finish(code)
        remove(transfer)
        transfers[transfer.exchange.id] = nil
    }

    private func remove(_ transfer: CurlTransfer) {
        curl_multi_remove_handle(multi.handle, transfer.handle)
        resources.held.removeAll { $0 === transfer }
    }
}

// MARK: - Pace

extension CurlLoop {
    /// Lets go of whoever can go on, longest held first; those that are held back again go to the end of the line.
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
            // curl_easy_pause(3) delivers what libcurl kept; a callback that refuses it fails here, not in the multi.
            case let code?: finish(transfer, code)
            }
        }
        resources.held = still + resources.held
    }

    private func handOverRipe() {
        let now = ContinuousClock.now
        for transfer in transfers.values { transfer.flushIfRipe(now: now) }
    }

    /// Milliseconds until something of ours is due; libcurl knows its own timers (curl_multi_poll(3)).
    private func timeout() -> Int32 {
        let now = ContinuousClock.now
        var wait = Duration.seconds(10)
        for transfer in transfers.values {
            if let due = transfer.ripensAt { wait = min(wait, now.duration(to: due)) }
        }
        if resources.held.contains(where: { $0.hold == .rate }), let pause = resources.bucket?.wait(now: now) {
            wait = min(wait, pause)
        }
        // Rounded up: a millisecond early would spin.
        return Int32(max((wait / .milliseconds(1)).rounded(.up), 0))
    }
}
