import Foundation
import SeededRandom
import Storage

/// A computer with one file system: what its kernel shows, and what its disk holds when the power goes.
///
/// Used on the scheduler's thread only.
final class Machine: @unchecked Sendable {
    /// One step in the life of names: a rename is two of them that happen together.
    private struct Change {
        let order: Int
        let names: [(directory: Inode, name: String, inode: Inode?)]
    }

    let fileSystem: FileSystemModel
    /// In pages.
    private var capacity: Int
    private(set) var usedPages = 0
    private(set) var root: Inode
    private var pending: [Change] = []
    private var nextOrder = 0
    /// How often any name has changed.
    private(set) var nameChanges = 0
    private var nextNumber: UInt64 = 2
    private var madeInodes = 0
    private var freedNumbers: [UInt64] = []
    private let scheduler: Scheduler
    var random: SplitMix64
    /// Nanoseconds that the wall clock is off.
    var clockStep: Int64 = 0
    /// Told every call.
    var log: ((String) -> Void)?
    /// A hash of every call so far.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Changes with every boot.
    private(set) var boots = 1

    init(_ scheduler: Scheduler, seed: UInt64, fileSystem: FileSystemModel, capacity: Int64) {
        self.scheduler = scheduler
        self.fileSystem = fileSystem
        self.capacity = Int(capacity) / Inode.pageSize
        random = SplitMix64(seed: seed)
        root = Inode(number: 1, serial: 0, kind: .directory, at: 0)
        root.links = 1
    }

    func record(_ call: DiskEvent.Call, _ number: Int) {
        for word in [UInt64(call.rawValue), UInt64(number), UInt64(usedPages)] {
            trace = (trace ^ word) &* 0x100_0000_01B3
        }
    }

    /// Makes the disk larger, if so much is not free.
    func makeRoom(for bytes: Int64) { capacity = max(capacity, usedPages + Int(bytes) / Inode.pageSize) }

    /// The kernel's coarse clock: several changes in a row may carry one time.
    var wallTime: Int64 {
        let elapsed = Int64(scheduler.now / .nanoseconds(1))
        return (1_700_000_000_000_000_000 + clockStep + elapsed) / 4_000_000 * 4_000_000
    }

    // MARK: Inodes

    func makeInode(_ kind: FileStatus.Kind) -> Inode {
        // A number that was given back is given out again soon, as ext4 does.
        madeInodes += 1
        if let number = freedNumbers.popLast() {
            return Inode(number: number, serial: madeInodes, kind: kind, at: wallTime)
        }
        nextNumber += 1
        return Inode(number: nextNumber, serial: madeInodes, kind: kind, at: wallTime)
    }

    /// Gives an inode's disk back when nothing leads to it any more.
    func releaseIfUnused(_ inode: Inode) {
        guard inode.links == 0, inode.opens == 0 else { return }
        usedPages -= inode.allocatedPages
        freedNumbers.append(inode.number)
    }

    var freePages: Int { capacity - usedPages }

    private var descriptions = 0

    /// A number for a new open file description.
    func newDescription() -> Int {
        descriptions += 1
        return descriptions
    }

    /// Takes disk for a range of a file.
    ///
    /// - Returns: how many of the bytes there is room for.
    func allocate(_ inode: Inode, _ range: Range<Int64>) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let index = Int(position) / Inode.pageSize
            if !inode.hasPage(index) {
                guard freePages > 0 else { break }
                usedPages += 1
                // The caller writes the page, at once.
            }
            position = min(Int64((index + 1) * Inode.pageSize), range.upperBound)
        }
        return Int(position - range.lowerBound)
    }

    func reserve(_ inode: Inode, pages: Int) -> Bool {
        let missing = (0..<pages).count { !inode.hasPage($0) }
        guard missing <= freePages else { return false }
        usedPages += missing
        inode.reservedPages = max(inode.reservedPages, pages)
        return true
    }

    func truncate(_ inode: Inode, to size: Int64) {
        let before = inode.allocatedPages
        inode.truncate(to: size)
        usedPages -= before - inode.allocatedPages
    }

    // MARK: Names

    /// Changes names, together.
    func change(_ names: [(directory: Inode, name: String, inode: Inode?)]) {
        for (directory, name, inode) in names {
            inode?.links += 1
            inode?.changed = wallTime
            if let old = directory.entries[name] {
                old.links -= 1
                old.changed = wallTime
                directory.entries[name] = nil
                releaseIfUnused(old)
            }
            directory.entries[name] = inode
            directory.modified = wallTime
            directory.changed = wallTime
        }
        nextOrder += 1
        nameChanges += 1
        pending.append(Change(order: nextOrder, names: names))
    }

    private func commit(_ change: Change) {
        for (directory, name, inode) in change.names where (directory.durableEntries[name]?.order ?? 0) < change.order {
            directory.durableEntries[name] = (change.order, inode)
        }
    }

    /// What an fsync of an inode does for names.
    func commitNames(for inode: Inode) {
        func concerns(_ change: Change) -> Bool {
            change.names.contains { name in
                name.directory === inode || fileSystem == .ext4 && name.inode === inode
            }
        }
        switch fileSystem {
        case .posix:
            for change in pending where concerns(change) { commit(change) }
            pending.removeAll(where: concerns)
        case .ext4:
            guard let last = pending.lastIndex(where: concerns) else { return }
            for change in pending[...last] { commit(change) }
            pending.removeSubrange(...last)
        }
    }

    /// The inode at an absolute path; `nil` where there is none.
    func exists(_ path: String) -> Bool { inode(at: path) != nil }

    func inode(at path: String) -> Inode? {
        var current = root
        for part in Self.parts(path) {
            guard let next = current.entries[part] else { return nil }
            current = next
        }
        return current
    }

    static func parts(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "." }
    }

    // MARK: Power

    /// Cuts the power and brings it back: what was durable is there, and any part of the rest.
    ///
    /// - Parameter luck: how many out of a hundred dirty pages and changed names made it.
    func losePower(luck: Int) {
        boots += 1
        nameChanges += 1
        switch fileSystem {
        case .posix:
            for change in pending where random.chance(luck) { commit(change) }
        case .ext4:
            let count = luck == 100 ? pending.count : luck == 0 ? 0 : random.below(pending.count + 1)
            for change in pending.prefix(count) { commit(change) }
        }
        pending = []
        usedPages = 0
        var seen: Set<ObjectIdentifier> = []
        settle(root, luck: luck, &seen)
        root.links = 1
    }

    private func settle(_ inode: Inode, luck: Int, _ seen: inout Set<ObjectIdentifier>) {
        inode.links += 1
        guard seen.insert(ObjectIdentifier(inode)).inserted else { return }
        inode.links = 1
        inode.opens = 0
        inode.lockHolder = nil
        guard inode.kind == .directory else {
            let isAll = luck == 100
            inode.losePower(
                survives: { _ in random.chance(luck) }, isTorn: { _ in !isAll && random.chance(20) },
                chance: { isAll || random.chance(50) })
            usedPages += inode.allocatedPages
            return
        }
        inode.entries = inode.durableEntries.compactMapValues { $0.inode }
        for name in inode.entries.keys.sorted() { settle(inode.entries[name]!, luck: luck, &seen) }
    }
}
