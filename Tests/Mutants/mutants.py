#!/usr/bin/env python3
"""Plants one bug at a time in a copy of the sources, and tells which test notices.

    Tests/Mutants/mutants.py                  all of them, in a copy below /tmp
    Tests/Mutants/mutants.py --only fsync     those whose name holds a word
    Tests/Mutants/mutants.py --list           what there is

Each bug is put to the simulator first, then to the tests that are named with it. A bug that nobody notices is printed as
MISSED, and the exit status is 1. Python's standard library only.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SIMULATOR = ["--count", "3000"]
WRITERS = ["--writers", "--count", "1500"]
UNPINNED = ["--profile", "unpinned", "--count", "2000"]
TREASURES = ["--profile", "treasures", "--count", "2000"]
THRIFTY = ["--profile", "thrifty", "--count", "2000"]
CONNECTIONS = "ConnectionControllerTests|SimulatedDownloadTests"

# Name, file, original text, its replacement (or a list of both, each with another file if need be), arguments of the
# simulator, filter of the tests.
MUTANTS = [
    ("skip the fsync of the file", "Sources/Storage/Directory/Publisher.swift",
     "do throws(StorageError) { try file.synchronize() } catch {",
     "do throws(StorageError) { if false { try file.synchronize() } } catch {", SIMULATOR, "PublisherTests"),
    ("skip the fsync of the directory", "Sources/Storage/Directory/Publisher.swift",
     "if isDurable { try directory.synchronizeParent(of: names.final) }\n        try directory.remove(names.journal)",
     "try directory.remove(names.journal)", SIMULATOR, "PublisherTests"),
    ("skip the fsync of directories on the way", "Sources/Storage/Directory/Publisher.swift",
     "            try makeDurable(file.file)\n            try directory.synchronizeAncestors(of: names.final)\n",
     "            try makeDurable(file.file)\n", SIMULATOR, "PublisherTests"),
    ("believe the cache after a failed fsync", "Sources/Storage/Directory/Publisher.swift",
     "file.disk.forgetCached(file.descriptor)", "", SIMULATOR, "PublisherTests"),
    ("trust the journal", "Sources/Storage/Partial/PartialFile+Checking.swift",
     "let isRight = actual != nil && (claim.checksum == nil || claim.checksum == actual)",
     "let isRight = actual != nil", WRITERS, "PartialFileResumeTests"),
    ("accept any digest", "Sources/Storage/Partial/PartialFile+Finishing.swift",
     "guard expected == digest else {", "guard true else {", SIMULATOR,
     "PartialFileTests"),
    ("ignore Content-Range", "Sources/Transfer/Range/RangeReply.swift",
     "guard range.lowerBound == asked.lowerBound, range.upperBound <= asked.upperBound else {",
     "guard range.upperBound > 0 else {", SIMULATOR, "RangeReplyTests"),
    ("append a whole answer", "Sources/Transfer/Range/RangeReply.swift",
     "body: (0, length), limit: known, wanted: (asked.lowerBound, end)",
     "body: (asked.lowerBound, length), limit: known, wanted: (asked.lowerBound, end)", SIMULATOR, "RangeReplyTests"),
    ("publish the marker at once", "Sources/ModelFetch/Download/DownloadRun+Fetching.swift",
     "if file.path == context.manifest.marker {", "if false {", SIMULATOR, "MarkerTests"),
    ("leave the marker while files are replaced", "Sources/ModelFetch/Download/DownloadRun.swift",
     "if mayReplace, let marker, let size = try", "if false, let marker, let size = try", SIMULATOR,
     "MarkerTests"),
    ("say that all is well when the marker is held back", "Sources/ModelFetch/Download/DownloadRun+Marker.swift",
     "if reports.isSelected(file) { throw error }\n            }\n            guard reports.isSelected(file) else { return false }",
     "_ = error\n            }\n            if true { return false }", SIMULATOR, "MarkerTests"),
    ("leave the torn end of a journal", "Sources/Storage/Partial/ExtentJournal.swift",
     "if read.end < (try file.status().size) {", "if false {", WRITERS, "JournalTests"),
    ("do not record what is voided", "Sources/Storage/Partial/PartialFile+Discarding.swift",
     "                try journal.append([.void(range)])\n", "", SIMULATOR, "PartialFile"),
    ("write over what is there", "Sources/Storage/Partial/PartialState.swift",
     "while let gap = firstGap(from: position, size: range.upperBound) {\n            parts += reservations.free(in: gap)\n            position = gap.upperBound\n        }",
     "_ = position\n        parts += reservations.free(in: range)\n        position = range.upperBound", WRITERS,
     "PartialFile"),
    ("hold what was discarded while it was written", "Sources/Storage/Partial/PartialState.swift",
     "guard !reservations.isDiscarded(range) else { return .discarded }", "", None, "ConcurrentWritersTests"),
    ("discard before open extents are recorded", "Sources/Storage/Partial/OpenExtents.swift",
     "if extent.touches(range) {", "if false {", None, "ConcurrentWritersTests"),
    ("forget a writer's version when the journal is rewritten", "Sources/Storage/Partial/OpenExtents.swift",
     "keeping: Set(writers.map(\\.source))", "keeping: []", None, "ConcurrentWritersTests"),
    ("forget what an abandoned writer wrote", "Sources/Storage/Partial/OpenExtents.swift",
     "try record(&writers) { _ in true }", "try record(&writers) { !$0.isAbandoned }", None, "ConcurrentWritersTests"),
    ("claim again what was discarded while it was read", "Sources/Storage/Partial/PartialState.swift",
     "guard !reservations.isDiscarded(claim.range) else { return claimed.remove(claim.range) }", "", None,
     "ConcurrentWritersTests"),
    ("forget the signal that came before the wait", "Sources/Storage/Partial/WakeUp.swift",
     "            state = .signalled\n            return nil", "            return nil", None, "KeepHashingTests"),
    ("record every MiB", "Sources/Storage/Partial/OpenExtent.swift",
     "static let recordBytes: Int64 = 256 << 10", "static let recordBytes: Int64 = 1 << 20", ["--count", "12000"],
     "KillTests"),
    ("forget what came before a drop", "Sources/ModelFetch/Download/FileDownload.swift",
     [("            try? partial.flush()\n", ""),
      ("} catch {\n            try partial.flush()\n            throw error", "} catch {\n            throw error",
       "Sources/ModelFetch/Download/FileDownload+OneVersion.swift")], None,
     SIMULATOR, "ResumeTests"),
    ("let everybody have the lock", "Sources/Storage/Directory/DirectoryLock.swift",
     "return try file.disk.lock(file.descriptor) ? .ours : .held", "_ = try file.disk.lock(file.descriptor); return .ours",
     SIMULATOR, "DirectoryLockTests"),
    ("trust a receipt by the size", "Sources/Storage/Directory/Receipts.swift",
     "status.kind == .regular && status.size == size && status.inode == inode\n                && status.modifiedNanoseconds == modifiedNanoseconds && status.changedNanoseconds == changedNanoseconds",
     "status.kind == .regular && status.size == size", None, "ReceiptsTests|FileStateTests"),
    ("follow symlinks", "Sources/Storage/Disk/SystemDisk.swift",
     "let flags = purpose | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK", "let flags = purpose | O_CLOEXEC | O_NONBLOCK", None,
     "ObstacleTests|ModelDirectoryTests"),
    ("send credentials to any host", "Sources/Transfer/HTTP/Redirects.swift",
     "url.origin == origin ? credentials : Credentials()", "credentials", None, "RedirectTests|RedirectsTests|RangeFetcherTests|SecretTests"),
    ("retry for ever", "Sources/Transfer/Retry/RetryPolicy.swift",
     "let spent = retries == 0 || attemptsWithoutProgress > retries", "let spent = false", SIMULATOR, "RetryPolicyTests"),
    ("ignore Retry-After", "Sources/Transfer/Retry/RetryPolicy.swift",
     "return .retry(after: (error.retryAfter ?? .zero) + pause)", "return .retry(after: pause)", None, "RetryPolicyTests"),
    ("give no source a second chance to be right", "Sources/ModelFetch/Sources/SourceSchedule.swift",
     "if entries[source].contradictions >= Self.contradictionsAllowed { entries[source].verdict = .contradicted }", "",
     SIMULATOR, "SourceScheduleTests"),
    # Requests are spread over the loops, and find idle connections.
    ("ignore idle connections", "Sources/Transfer/Curl/LoopBalance.swift",
     "candidates.first { loads[$0].idle.contains(origin) } ?? candidates[0]", "candidates[0]", None, "LoopBalanceTests"),
    ("take any loop with an idle connection", "Sources/Transfer/Curl/LoopBalance.swift",
     "loads.indices.filter { loads[$0].active == fewest }",
     "loads.indices.filter { loads[$0].active == fewest || loads[$0].idle.contains(origin) }", None, "LoopBalanceTests"),
    ("count an idle connection for ever", "Sources/Transfer/Curl/LoopBalance.swift",
     "if let index = loads[choice].idle.lastIndex(of: origin) { loads[choice].idle.remove(at: index) }", "", None,
     "LoopBalanceTests"),
    ("count closed connections as idle", "Sources/Transfer/Curl/LoopBalance.swift",
     "guard keepsConnection else { return }", "", None, "LoopBalanceTests"),
    ("wake none of the transfers that wait for a buffer", "Sources/Transfer/Curl/BufferPool.swift",
     "return refused.compactMap { holdings[$0]?.wake }", "return refused.prefix(0).compactMap { holdings[$0]?.wake }", None,
     "BufferPoolTests"),
    # Nothing of others is destroyed.
    ("call a file that differs in most samples damaged", "Sources/ModelFetch/Plan/WrongFile.swift",
     "if !Likeness.isDamage(differing: wrong, of: samples) { return .foreign }", "", None, "WrongFileTests"),
    ("keep nothing of what had the name", "Sources/Storage/Directory/Publisher.swift",
     "let kept = try ReplacedFiles(in: directory, isDurable: isDurable).keep(what: file, replaces: expendable)",
     "let kept: Kept? = nil", TREASURES, "WrongFileTests|ReplacedFilesTests"),
    ("keep it without making its second name durable", "Sources/Storage/Directory/ReplacedFiles.swift",
     "try directory.synchronizeAncestors(of: kept)\n                try directory.synchronizeParent(of: kept)", "", TREASURES,
     "ReplacedFilesTests"),
    ("let whatever stands there go as what was judged", "Sources/Storage/Directory/ReplacedFiles.swift",
     "if let expendable, expendable.isSameFile(as: named) { return nil }", "if expendable != nil { return nil }", None,
     "ReplacedFilesTests"),
    ("call every wrong file rot", "Sources/ModelFetch/Download/Inspection.swift",
     "if let size = file.plannedSize, size != stored.status.size { return .wrong(stored, isRot: false) }",
     "if let size = file.plannedSize, size != stored.status.size { return .wrong(stored, isRot: true) }", TREASURES,
     "WrongFileTests"),
    ("withdraw a marker that is wrong", "Sources/ModelFetch/Download/DownloadRun+Marker.swift",
     "guard case .verified = try current ?? Inspection(context).state(of: file) else { return nil }", "", TREASURES, "WrongFileTests"),
    # Nothing unpinned is a mixture.
    ("take an earlier run's bytes from the page cache", "Sources/Storage/Partial/PartialFile+Opening.swift",
     "if !contents.claims.isEmpty { directory.disk.forgetCached(file.descriptor) }", "", SIMULATOR, "PartialFileResumeTests"),
    ("count sources and not places", "Sources/Storage/Partial/PartialState+Provenance.swift",
     ".oneVersion(from: version.place)", ".oneVersion(from: version.source)", None,
     "OneVersionTests|PartialFileResumeTests"),
    ("take two signatures for two places", "Sources/ModelFetch/Download/FileDownload+Versions.swift",
     "SourceID(url: body.location.identity)", "SourceID(url: body.url.absoluteString)", None, "OneVersionTests"),
    ("take a source for a place of its own", "Sources/ModelFetch/Download/FileDownload+Versions.swift",
     "SourceID(url: body.location.identity)",
     "body.url == asked.url ? source.id : SourceID(url: body.location.identity)", None, "OneVersionTests"),
    ("say that space is lacking where an inode was freed since", "Sources/Storage/Directory/ModelDirectory.swift",
     "files == 0 || (try? disk.freeBytes(at: root.descriptor)) ?? 0 >= Self.spaceForName", "files == 0", None,
     "ModelDirectoryTests"),
    ("accept bytes of several sources", "Sources/ModelFetch/Plan/ContentEvidence.swift",
     "case .oneSource, .mixed: return false", "case .oneSource, .mixed: return true", None, "OneVersionTests"),
    ("accept bytes of several versions of one source", "Sources/ModelFetch/Plan/ContentEvidence.swift",
     "return deliveries[digest, default: []].count > 1", "return deliveries[digest, default: []].count > 0", None,
     "OneVersionTests"),
    ("go on with what another version left", "Sources/ModelFetch/Download/FileDownload+OneVersion.swift",
     [("let held = partial.soleVersion, held != version, !startsOver {",
       "let held = partial.soleVersion, held != version, !startsOver, false {"),
      ("if startsOver, !partial.isEmpty,", "if false,"),
      ("case .unproven where needsOneVersion:", "case .unproven where false:",
       "Sources/ModelFetch/Download/FileDownload+Verifying.swift")], None,
     UNPINNED, "OneVersionTests"),
    ("take every answer without a validator for one version", "Sources/Storage/Partial/SourceVersion.swift",
     "var isOneVersion: Bool { !validator.isEmpty || isOneAnswer }", "var isOneVersion: Bool { true }", None,
     "PartialFileResumeTests|OneVersionTests"),
    ("take two places of a source for one", "Sources/ModelFetch/Download/FileDownload+Versions.swift",
     "let place = SourceID(url: body.location.identity)",
     "let place = source.id", UNPINNED, "OneVersionTests"),
    ("send If-Range though tags vary", "Sources/ModelFetch/Download/FileDownload+Versions.swift",
     [("if !needsOneVersion, partial.hasChanged(source.id) { validator = nil }", ""),
      ("if !needsOneVersion, let asked = request.validator,", "if false, let asked = request.validator,")], None,
     THRIFTY, "ResumeTests"),
    ("take the newest validator for the last", "Sources/Storage/Partial/SourceVersions.swift",
     "if let known, latest[version.source] == known { return .known(known) }", "if let known { return .known(known) }", None,
     "PartialFileValidatorTests"),
    # As many connections as are worth it.
    ("keep every step", "Sources/ModelFetch/Connections/ConnectionController+Steps.swift",
     "if average >= trial.target(Self.goodPart)", "if average >= 0", None, CONNECTIONS),
    ("keep a step before the new connections have answered", "Sources/ModelFetch/Connections/ConnectionTrial.swift",
     "{ settled = now + times.settling }", "{ settled = now }", None, CONNECTIONS),
    ("decide about a small step at a glance", "Sources/ModelFetch/Connections/ConnectionController+Steps.swift",
     "if trial.growth >= 1, recent", "if recent", None, CONNECTIONS),
    ("wait for the whole window before a step is kept",
     "Sources/ModelFetch/Connections/ConnectionController+Steps.swift",
     "if trial.growth >= 1, recent", "if trial.growth >= 9, recent", None, CONNECTIONS),
    ("try nothing between", "Sources/ModelFetch/Connections/ConnectionController+Steps.swift",
     "return rejected.count > 1 ? limit :", "return rejected.count > 0 ? limit :", None, CONNECTIONS),
    ("let the surplus go on in a collapse", "Sources/ModelFetch/Connections/ConnectionController+Steps.swift",
     "return .lowered(cutsNow: true)", "return .lowered(cutsNow: false)", None, CONNECTIONS),
    ("see no collapse later", "Sources/ModelFetch/Connections/ConnectionController+Watching.swift",
     "guard limit > 1, now >= watchedSince", "guard limit > 99, now >= watchedSince", None, CONNECTIONS),
    ("take silence for a collapse", "Sources/ModelFetch/Connections/ConnectionController.swift",
     " || meter.rate(last: times.glance) ?? 0 == 0", "", None, CONNECTIONS),
    ("never try more again", "Sources/ModelFetch/Connections/ConnectionController+Watching.swift",
     "guard now >= since + probeWait.next,", "guard false,", None, CONNECTIONS),
    ("learn from a rate without work", "Sources/ModelFetch/Connections/ConnectionController.swift",
     "guard wanted else { return idle(at: now) }", "", None, CONNECTIONS),
    ("count every refusal of a burst", "Sources/ModelFetch/Connections/ConnectionController.swift",
     "if let backedOff, begun < backedOff { return nil }", "", None, CONNECTIONS),
    ("take a dead network for a limit", "Sources/ModelFetch/Connections/ConnectionController.swift",
     "            if working > 0 {", "            if true {", None, CONNECTIONS),
    ("forget what is tolerated", "Sources/ModelFetch/Connections/ConnectionCeiling.swift",
     "min(cap, tolerated ?? cap)", "cap", None, CONNECTIONS),
    ("take one refusal of many for a limit", "Sources/ModelFetch/Connections/ConnectionController.swift",
     "if number < proven {", "if false {", None, CONNECTIONS),
    ("count nothing again after a refusal", "Sources/ModelFetch/Connections/ConnectionController+Watching.swift",
     "guard number > limit else { return nil }\n        if isLimit", "guard false else { return nil }\n        if isLimit",
     None, CONNECTIONS),
    ("halve whenever connections break", "Sources/ModelFetch/Connections/BreakHistory.swift",
     "if let number = halvedFrom, limit <= max(1, number / 2) {", "if let number = halvedFrom, limit < 0 {", None,
     CONNECTIONS),
    ("halve though more pay", "Sources/ModelFetch/Connections/BreakHistory.swift",
     "if halvedFrom != nil, pays {", "if false {", None, CONNECTIONS),
    ("replace a slow connection", "Sources/ModelFetch/Connections/ConnectionController.swift",
     "ceiling.doubt(above: limit - 1, at: now, for: &doubtWait)", "", None, CONNECTIONS),
    ('lease beyond the window', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'gap.lowerBound < first.lowerBound + sizes.window',
     'gap.lowerBound >= 0', None,
     'planner of ranges'),
    ('lease what is leased', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'missing.subtracting(RangeSet(leases.map(\\.rest)))',
     'missing', None,
     'planner of ranges'),
    ('lease a crumb at the end of a gap', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'Int64(gap.count) - length < sizes.least ?',
     'Int64(gap.count) <= length ?', None,
     'planner of ranges'),
    ('steal from the first lease that comes', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'saved > best?.saved ?? 0 else',
     'best == nil else', None,
     'planner of ranges'),
    ('steal what is not worth it', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'saved >= leastSaved, ',
     '', None,
     'planner of ranges'),
    ('steal half whatever the rates', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'let kept = (latency / .seconds(1) + rest / ours) / (1 / theirs + 1 / ours)',
     'let kept = rest / 2', None,
     'planner of ranges'),
    ('fetch a silent rest many times', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'silent.first(where: { !isRivalled($0) && !takeable($0).isEmpty })',
     'silent.first(where: { !takeable($0).isEmpty })', None,
     'planner of ranges'),
    ('let both fetch a silent rest', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'guard hasWon || missing',
     'guard missing', None,
     'planner of ranges'),
    ('cut whoever is a little slower', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'slowFraction = 10.0',
     'slowFraction = 2.0', None,
     'planner of ranges'),
    ('judge a lease by its first second', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'slowAge: Duration = .seconds(3)',
     'slowAge: Duration = .seconds(1)', None,
     'planner of ranges'),
    ('divide a lease at a distant origin for little', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'latency / .seconds(1) * Self.leastLatenciesSaved',
     '0', None,
     'planner of ranges'),
    ('share with those that have a lease', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'let sharers = connections - leases.count { !$0.rest.isEmpty }',
     'let sharers = connections', None,
     'planner of ranges'),
    ('blame connections for a process that was stopped', 'Sources/ModelFetch/Connections/Lease.swift',
     'mutating func excuseSilence(at now: Duration) { movedAt = max(movedAt, now) }',
     'mutating func excuseSilence(at now: Duration) {}', None,
     'planner of ranges'),
    ('step while the rate grows by itself', 'Sources/ModelFetch/Connections/ConnectionController+Steps.swift',
     'recent <= (both * 2 - recent) * Self.growing ||',
     'true ||', None,
     'The number of connections'),
    ('wait for a look at a distant origin', 'Sources/ModelFetch/Connections/FirstLook.swift',
     'latency < Self.near ?',
     'true ?', None,
     'pool of connections'),
    ('give a second connection during the first look', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     '{ used[user] == nil || !look.isOpen }', '{ true }', None,
     'pool of connections'),
    ('take every refusal for a limit', 'Sources/ModelFetch/Download/FileFetch+Lease.swift',
     'guard !isRepeated, let moved',
     'guard let moved', None,
     'A download of many files'),
    ('let any number of bytes wait for the hasher', 'Sources/Storage/Partial/HashQueue.swift',
     'guard byteCount + item.range.count <= Self.most else { return false }',
     '', None,
     'Bytes that wait to be hashed'),
    ('hash what was discarded while it waited', 'Sources/Storage/Partial/PrefixHasher.swift',
     'queue.withLock { $0.removeAll() }\n            if range.lowerBound',
     'if range.lowerBound', WRITERS,
     'ThreadStressTests'),
    ('queue what was discarded', 'Sources/Storage/Partial/PrefixHasher.swift',
     '&& heldEnd(item.range.lowerBound, item.range.upperBound) >= item.range.upperBound && queue.append(item)',
     '&& queue.append(item)', WRITERS,
     'ThreadStressTests'),
    ('queue what leaves a gap', 'Sources/Storage/Partial/PrefixHasher.swift',
     'item.range.lowerBound == max(position, queue.end)',
     'item.range.lowerBound >= max(position, queue.end)', WRITERS,
     'ThreadStressTests'),
    ('accuse the same source again', 'Sources/ModelFetch/Plan/LiarSearch.swift',
     'if let accused { cleared.insert(accused) }',
     '', None,
     'search for a liar'),
    ('take whole files over all connections', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     '$0.isWhole && !$0.rest.isEmpty })', '$0.isWhole && false })', None, 'EngineTests|RangePlannerTests'),
    ('divide a source that ignores ranges', 'Sources/Transfer/Range/RangeSupport.swift',
     'isRefused = ignored >= Self.afterRanges\n        return isRefused', 'return ignored >= Self.afterRanges', None,
     'EngineTests|RangeSupportTests'),
    ('steal what others have leased', 'Sources/ModelFetch/Connections/RangePlanner.swift',
     'guard lease.isWhole else { return lease.rest }', 'if true { return lease.rest }', None,
     'EngineTests|RangePlannerTests'),
    ('ask for ever where a byte comes each time', 'Sources/ModelFetch/Download/FileFetch+Lease.swift',
     'guard isStalled(attempt.source, at: now) else { return }', 'if true { return }', None, 'EngineTests'),
    ('starve with a source of a better rank', 'Sources/ModelFetch/Download/FileFetch.swift',
     ' || isStarving(with: source, at: now)', '', None, 'EngineTests'),
    ('mix the answers of sources that contradict the expected digest',
     'Sources/ModelFetch/Download/FileDownload+Verifying.swift',
     'counters.withLock { $0.takesOneStream = true }', '', None, 'OneVersionTests'),
    ('acquit whoever brought everything in the end', 'Sources/ModelFetch/Plan/LiarSearch.swift',
     'bytes.count > 1 || !cleared.isEmpty else', 'bytes.count > 1 else', None,
     'search for a liar'),
    ('learn nothing while every file has a connection', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     '!waiting.isEmpty || active >= limit\n', '!waiting.isEmpty\n', None,
     'pool of connections'),
    ('work on one small file after another', 'Sources/ModelFetch/Download/DownloadRun+Fetching.swift',
     'isSmall ? options.concurrentSmallFiles : 0', '0', None,
     'download of many files'),
    ('accuse whoever brought the most', 'Sources/ModelFetch/Plan/LiarSearch.swift',
     'left.value, left.key.digest.hex)',
     '-left.value, left.key.digest.hex)', None,
     'search for a liar'),
    ('forget who was caught', 'Sources/ModelFetch/Plan/LiarSearch.swift',
     '(-(caught[left.key] ?? 0), ',
     '(0, ', None,
     'search for a liar'),
    ('count every connection of a broken network', 'Sources/ModelFetch/Sources/SourceSchedule.swift',
     'let isNew = attempt.round == entries[source].round',
     'let isNew = true', None,
     'schedule of sources'),
    ('ask the next rank when the first is busy', 'Sources/ModelFetch/Sources/SourceSchedule.swift',
     'let equals = line.filter { $0.key == best.key && loads[$0.index].hasRoom }',
     'let equals = line.filter { loads[$0.index].hasRoom }', None,
     'schedule of sources'),
    ('give a connection to whoever asks first', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     'guard active + first.count < limit,',
     'guard active < limit,', None,
     'pool of connections'),
    ('let a small file wait', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     'if active >= limit, mine == 0,',
     'if active >= limit, mine > 99,', None,
     'pool of connections'),
    ("cut somebody's only connection", 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     'most.count > 1 else {',
     'most.count > 0 else {', None,
     'pool of connections'),
    ('tell nobody that more connections are free', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     'return (.taken, nextInLine)', 'return (.taken, [])', None, 'pool of connections'),
    ('wake everybody for each connection', 'Sources/ModelFetch/Connections/PooledOrigin.swift',
     '.prefix(limit - active)', '', None, 'pool of connections'),
    ('follow a redirect for each connection', 'Sources/Transfer/Range/RedirectTarget.swift',
     'guard !state.isResolving else { return nil }',
     '', None,
     'RedirectTargetTests|redirect target|target of a redirect'),
]


def run(arguments, copy, seconds):
    try:
        done = subprocess.run(arguments, cwd=copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return -1, f"no end within {seconds} s"


def simulate(copy, arguments):
    code, out = run([".build/debug/simulate", "--failures", "1", "--no-shrink", *arguments], copy, 600)
    if code == 0:
        return None
    trap = re.search(r"(?:Fatal error|Precondition failed|Assertion failed).*", out)
    if trap and "VIOLATION" not in out:
        return f"simulate: traps: {trap[0]}"
    found = re.search(r"VIOLATION seed (\d+)[^:]*: (.*)", out)
    option = " --writers" if "--writers" in arguments else ""
    return f"simulate{option}, seed {found[1]}: {found[2]}" if found else f"simulate{option}: {out.strip()[-100:]}"


def test(copy, pattern):
    code, out = run(["swift", "test", "--filter", pattern], copy, 1200)
    if code == 0:
        return None
    found = re.findall(r'✘ Test "?([^"\n]*?)"? (?:with|failed|recorded)', out) or re.findall(r"error: (.*)", out)
    return f"{pattern}: {found[0] if found else out.strip()[-100:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="mutants whose name holds this")
    parser.add_argument("--list", action="store_true", help="list them and end")
    parser.add_argument("--copy", help="where to work (default: a new directory below /tmp)")
    parser.add_argument("--tests", action="store_true", help="ask the named tests even if the simulator has noticed")
    options = parser.parse_args()
    top = pathlib.Path(__file__).resolve().parents[2]
    mutants = [mutant for mutant in MUTANTS if not options.only or options.only in mutant[0]]
    if options.list:
        for mutant in mutants:
            print(mutant[0])
        return 0
    copy = pathlib.Path(options.copy or tempfile.mkdtemp(prefix="mutants-"))
    if copy.resolve() != top:
        shutil.copytree(top, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".build*", ".git"))
    missed = 0
    for name, path, old, new, simulator, pattern in mutants:
        changes = old if isinstance(old, list) else [(old, new)]
        changes = [(change[0], change[1], change[2] if len(change) > 2 else path) for change in changes]
        texts = {path: (top / path).read_text() for _, _, path in changes}
        if any(texts[path].count(old) != 1 for old, _, path in changes):
            print(f"| {name} | STALE: its place is not there, or more than once |", flush=True)
            missed += 1
            continue
        mutated = dict(texts)
        for old, new, path in changes:
            mutated[path] = mutated[path].replace(old, new)
        for path, text in mutated.items():
            (copy / path).write_text(text)
        code, out = run(["swift", "build", "--product", "simulate"], copy, 1200)
        caught = None
        if code != 0:
            caught = "STALE: it does not compile: " + (re.findall(r"error: .*", out) or ["?"])[0]
            missed += 1
        else:
            caught = simulator and simulate(copy, simulator)
            if pattern and (not caught or options.tests):
                caught = "; ".join(filter(None, [caught, test(copy, pattern)])) or None
            if not caught:
                missed += 1
        print(f"| {name} | {caught or 'MISSED'} |", flush=True)
        for path, text in texts.items():
            (copy / path).write_text(text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
