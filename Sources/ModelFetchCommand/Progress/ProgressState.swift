internal import ModelFetch

/// The state of a run, added up from its events. It has no clock: each event comes with the time since the start of the run.
struct ProgressState: Sendable {
    /// What is being done with a file.
    enum Stage: Hashable, Sendable {
        case hashing
        case comparing
        case connecting
        /// The server sends so many bytes that are already here before any others.
        case repeating(Int64)
        case receiving
        /// Waiting until this time for another attempt, for this reason.
        case waiting(until: Duration, reason: String, attempt: Int)
        case verifying
        case holding
        case publishing
    }

    /// An unfinished file.
    struct File: Sendable {
        let path: String
        /// `nil` if it is not known.
        let size: Int64?
        var stage: Stage = .connecting
        /// The last source that was asked for it.
        var source: String?
        /// Bytes that are here, checked or not.
        fileprivate var known: Int64 = 0
        /// Bytes of earlier runs that were read back and are right.
        fileprivate var checked: Int64 = 0
        /// Bytes of earlier runs that are to be read back, or were.
        fileprivate var claimed: Int64?
        /// Bytes that this run received.
        var received: Int64 = 0
        var rate = RateMeter()
        var lastByteAt: Duration?

        /// Bytes of the file that are here.
        var done: Int64 { min(max(known, checked, 0), size ?? .max) }
        /// Those among them that are still to be read back.
        var unchecked: Int64 { max(min((claimed ?? 0) - checked, done), 0) }
        /// The missing bytes; `nil` if the size is not known.
        var missing: Int64? { size.map { max($0 - done, 0) } }
    }

    private(set) var model = ""
    private(set) var directory = ""
    private(set) var fileCount = 0
    private(set) var totalBytes: Int64 = 0
    private var files = ActiveFiles()
    /// The unfinished files, in the order in which they were started.
    var active: [File] { files.all }
    private(set) var finished = 0
    private(set) var failed = 0
    /// Bytes received in all, including those of finished files.
    private(set) var received: Int64 = 0
    private(set) var rate = RateMeter()
    /// Bytes of finished files that are here, and those that will not be received any more.
    private var settled: Int64 = 0
    private var lost: Int64 = 0
    private let sizes: [String: Int64]
    let isAudit: Bool

    /// - Parameters:
    ///   - sizes: of the files, as far as they are known, by path.
    ///   - isAudit: whether bytes that are read count for the rate; in a download only received bytes do.
    init(sizes: [String: Int64] = [:], isAudit: Bool = false) {
        self.sizes = sizes
        self.isAudit = isAudit
    }

    /// Bytes that are here, of all files.
    var done: Int64 { files.sum(settled) { $0.done } }
    /// Bytes that are missing, of all files.
    var missing: Int64 { max(totalBytes - done - lost, 0) }

    mutating func take(_ event: DownloadEvent, at now: Duration) {
        switch event {
        case .started(let model, let directory, let files, let bytes):
            (self.model, self.directory, fileCount, totalBytes) = (model, directory, files, bytes)
        case .phase(let path, let phase): update(path) { $0.enter(phase) }
        case .progress(let path, let bytes, let isReceived):
            let counts = isReceived || isAudit
            update(path) { file in
                file.add(bytes, isReceived: isReceived, at: now)
                if counts { file.rate.add(bytes, at: now) }
            }
            if counts { rate.add(bytes, at: now) }
            guard isReceived else { break }
            received += bytes
        case .discarded(let path, let bytes, _): update(path) { $0.lose(bytes) }
        case .retrying(let path, let failure, let attempt, let pause):
            update(path) {
                $0.stage = .waiting(until: now + pause, reason: failure.brief, attempt: attempt + 1)
            }
        case .finished(let report): finish(report)
        case .warning, .debug, .waitingForLock, .replaced, .sourceDropped, .ended: break
        }
    }

    private mutating func update(_ path: String, _ change: (inout File) -> Void) {
        files.update(path, beginning: { File(path: path, size: sizes[path]) }, change)
    }

    private mutating func finish(_ report: FileReport) {
        finished += 1
        let done = files.remove(report.path)?.done ?? 0
        switch report.state {
        case .failed, .missing, .damaged, .unreadable:
            failed += 1
            settled += done
            lost += max((report.size ?? done) - done, 0)
        default: settled += report.size ?? done
        }
    }
}

extension ProgressState.File {
    fileprivate mutating func enter(_ phase: FilePhase) {
        switch phase {
        case .hashing: stage = .hashing
        case .comparing: stage = .comparing
        case .connecting(let source, _, let held):
            stage = .connecting
            self.source = source
            known = held
            claimed = claimed ?? held
        case .repeating(let bytes): stage = .repeating(bytes)
        case .receiving: stage = .receiving
        case .verifying: stage = .verifying
        case .holding: stage = .holding
        case .publishing: stage = .publishing
        }
    }

    fileprivate mutating func add(_ bytes: Int64, isReceived: Bool, at now: Duration) {
        guard isReceived else {
            checked += bytes
            return
        }
        if case .repeating = stage { stage = .receiving }
        known += bytes
        received += bytes
        lastByteAt = now
    }

    fileprivate mutating func lose(_ bytes: Int64) {
        known = max(known - bytes, 0)
        // Claimed bytes that were discarded will not be read back.
        claimed = claimed.map { max($0 - bytes, 0) }
        checked = max(checked - bytes, 0)
    }
}
