import Foundation
import SeededRandom
import Storage

/// A computer with one file system: the state that its kernel shows, and the state of its disk after a power cut.
///
/// Used only on the scheduler's thread.
final class Machine: @unchecked Sendable {
    /// A change of a name; a rename consists of two that happen together.
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
    /// The number of changes of names.
    private(set) var nameChanges = 0
    private var nextNumber: UInt64 = 2
    private var madeInodes = 0
    private var freedNumbers: [UInt64] = []
    private let scheduler: Scheduler
    var random: SplitMix64
    /// The error of the wall clock in nanoseconds.
    var clockStep: Int64 = 0
    /// Called with a description of every call.
    var log: ((String) -> Void)?
    /// A hash of all calls so far.
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

    /// Makes the disk larger if less than this is free.
    func makeRoom(for bytes: Int64) { capacity = max(capacity, usedPages + Int(bytes) / Inode.pageSize) }

    /// The kernel's coarse clock: several consecutive changes may have the same time.
    var wallTime: Int64 {
        let elapsed = Int64(scheduler.now / .nanoseconds(1))
        return (1_700_000_000_000_000_000 + clockStep + elapsed) / 4_000_000 * 4_000_000
    }

    // MARK: Inodes

    func makeInode(_ kind: FileStatus.Kind) -> Inode {
        // Numbers are reused soon, as on ext4.
        madeInodes += 1
        if let number = freedNumbers.popLast() {
            return Inode(number: number, serial: madeInodes, kind: kind, at: wallTime)
        }
        nextNumber += 1
        return Inode(number: nextNumber, serial: madeInodes, kind: kind, at: wallTime)
    }

    /// Frees the space of an inode when it has neither links nor descriptors.
    func releaseIfUnused(_ inode: Inode) {
        guard inode.links == 0, inode.opens == 0 else { return }
        usedPages -= inode.allocatedPages
        freedNumbers.append(inode.number)
    }

    var freePages: Int { capacity - usedPages }

    private var descriptions = 0

    /// Returns a number for a new open file description.
    func newDescription() -> Int {
        descriptions += 1
        return descriptions
    }

    /// Allocates space for a range of a file.
    ///
    /// - Returns: the number of bytes for which there is space.
    func allocate(_ inode: Inode, _ range: Range<Int64>) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let index = Int(position) / Inode.pageSize
            if !inode.hasPage(index) {
                guard freePages > 0 else { break }
                usedPages += 1
                // The caller writes the page immediately afterwards.
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

    /// Changes several names atomically.
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

    /// Makes names durable as an fsync of this inode does.
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

    /// The inode at an absolute path; `nil` if there is none.
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

    /// Cuts and restores the power: durable changes survive, and a random part of the others.
    ///
    /// - Parameter luck: the percentage of dirty pages and changed names that survive.
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
