import Foundation
import Storage

/// A file or directory of a simulated machine in two states: as the kernel shows it, and as a power cut would leave it.
final class Inode {
    static let pageSize = 4096
    typealias Page = [UInt8]
    typealias Kind = FileStatus.Kind

    let number: UInt64
    /// Identifies the inode in the whole simulation. Unlike ``number``, it is never reused.
    let serial: Int
    let kind: FileStatus.Kind
    var links = 0
    /// The number of open descriptors. An inode without links exists until the last one is closed.
    var opens = 0
    var modified: Int64
    var changed: Int64
    /// The number of the open file description that holds the lock.
    var lockHolder: Int?

    // For a directory.

    var entries: [String: Inode] = [:]
    var durableEntries: [String: (order: Int, inode: Inode?)] = [:]

    // For a regular file.

    private(set) var size: Int64 = 0
    /// `nil` for a hole.
    private(set) var pages: [Page?] = []
    private(set) var durableSize: Int64 = 0
    private(set) var durablePages: [Page?] = []
    /// Pages that the kernel has not yet written to the platter.
    private(set) var dirty: Set<Int> = []
    /// Disk space is allocated for the pages below this one, written or not.
    var reservedPages = 0
    /// The shortest size since the file was last durable, if it was truncated.
    private var shortest: Int64?
    /// The number of failed writebacks, and whether an fsync has reported the last one.
    private(set) var writebackErrors = 0
    var isErrorTold = true
    /// Changes whenever the visible content changes.
    private(set) var version = 0

    init(number: UInt64, serial: Int, kind: FileStatus.Kind, at time: Int64) {
        self.number = number
        self.serial = serial
        self.kind = kind
        modified = time
        changed = time
    }

    /// The number of allocated pages.
    var allocatedPages: Int { reservedPages + pages.indices.count { $0 >= reservedPages && pages[$0] != nil } }

    func hasPage(_ index: Int) -> Bool { index < reservedPages || index < pages.count && pages[index] != nil }

    // MARK: The visible state

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        let count = Int(max(0, min(Int64(buffer.count), size - offset)))
        var done = 0
        while done < count {
            let position = Int(offset) + done
            let (index, start) = position.quotientAndRemainder(dividingBy: Self.pageSize)
            let part = min(Self.pageSize - start, count - done)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + part])
            if index < pages.count, let page = pages[index] {
                page.withUnsafeBytes {
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + part]))
                }
            } else {
                target.initializeMemory(as: UInt8.self, repeating: 0)
            }
            done += part
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        version += 1
        var done = 0
        while done < bytes.count {
            let position = Int(offset) + done
            let (index, start) = position.quotientAndRemainder(dividingBy: Self.pageSize)
            let part = min(Self.pageSize - start, bytes.count - done)
            while pages.count <= index { pages.append(nil) }
            if pages[index] == nil { pages[index] = Page(repeating: 0, count: Self.pageSize) }
            pages[index]!.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[start..<start + part])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + part]))
            }
            dirty.insert(index)
            done += part
        }
        size = max(size, offset + Int64(bytes.count))
    }

    func truncate(to newSize: Int64) {
        version += 1
        if newSize < size {
            let kept = (Int(newSize) + Self.pageSize - 1) / Self.pageSize
            if pages.count > kept { pages.removeLast(pages.count - kept) }
            dirty = dirty.filter { $0 < kept }
            reservedPages = min(reservedPages, kept)
            let tail = Int(newSize) % Self.pageSize
            if tail > 0, kept <= pages.count, pages[kept - 1] != nil {
                for index in tail..<Self.pageSize { pages[kept - 1]![index] = 0 }
                dirty.insert(kept - 1)
            }
            shortest = min(shortest ?? newSize, newSize)
        }
        size = newSize
    }

    /// The offset of the first hole in bytes.
    var firstHole: Int64 {
        let index = pages.firstIndex { $0 == nil } ?? pages.count
        return min(Int64(index * Self.pageSize), size)
    }

    /// Whether the visible content is exactly these bytes.
    func holds(_ bytes: [UInt8]) -> Bool {
        guard size == Int64(bytes.count) else { return false }
        return bytes.withUnsafeBytes { bytes in
            // memcmp(3): elements are compared one by one in an unoptimized build.
            var start = 0
            for page in pages where start < bytes.count {
                let count = min(Self.pageSize, bytes.count - start)
                let isSame = (page ?? Self.hole).withUnsafeBytes {
                    memcmp($0.baseAddress!, bytes.baseAddress! + start, count) == 0
                }
                guard isSame else { return false }
                start += count
            }
            return start >= bytes.count || bytes[start...].allSatisfy { $0 == 0 }
        }
    }

    private static let hole = Page(repeating: 0, count: pageSize)

    // MARK: The durable state

    /// fsync(2): writes dirty pages to the platter.
    func makeDurable() {
        settleCut()
        for index in dirty {
            while durablePages.count <= index { durablePages.append(nil) }
            durablePages[index] = pages[index]
        }
        if durablePages.count > pages.count { durablePages.removeLast(durablePages.count - pages.count) }
        durableSize = size
        dirty = []
    }

    /// Space that was cut off is freed on the platter as well.
    private func settleCut() {
        guard let shortest else { return }
        self.shortest = nil
        let kept = (Int(shortest) + Self.pageSize - 1) / Self.pageSize
        if durablePages.count > kept { durablePages.removeLast(durablePages.count - kept) }
        durableSize = min(durableSize, shortest)
    }

    /// A failed writeback: the kernel marks some dirty pages as clean all the same, and still shows what is lost.
    func loseWriteback(where isLost: (Int) -> Bool) {
        for index in dirty.sorted() where isLost(index) { dirty.remove(index) }
        makeDurable()
        writebackErrors += 1
        isErrorTold = false
    }

    /// Drops clean pages from the cache, so that the content of the platter becomes visible.
    func forgetClean() {
        version += 1
        for index in pages.indices where !dirty.contains(index) {
            pages[index] = index < durablePages.count ? durablePages[index] : nil
        }
    }

    /// Restores the state after a power cut.
    ///
    /// - Parameters:
    ///   - survives: whether a dirty page was written before the cut.
    ///   - isTorn: whether only some of its sectors were written.
    ///   - chance: returns a random bit.
    func losePower(survives: (Int) -> Bool, isTorn: (Int) -> Bool, chance: () -> Bool) {
        defer {
            version += 1
            pages = durablePages
            size = durableSize
            dirty = []
            shortest = nil
            reservedPages = 0
            writebackErrors = 0
            isErrorTold = true
            opens = 0
            lockHolder = nil
        }
        // Freed blocks do not mix with later ones: either the truncation is on disk, or nothing after
        // it is.
        if shortest != nil, !chance() { return }
        settleCut()
        for index in dirty.sorted() where survives(index) {
            while durablePages.count <= index { durablePages.append(nil) }
            guard isTorn(index), let page = pages[index] else {
                durablePages[index] = pages[index]
                continue
            }
            var torn = durablePages[index] ?? Page(repeating: 0, count: Self.pageSize)
            for sector in stride(from: 0, to: Self.pageSize, by: 512) where chance() {
                torn.replaceSubrange(sector..<sector + 512, with: page[sector..<sector + 512])
            }
            durablePages[index] = torn
        }
        if chance() { durableSize = size }
        let limit = (Int(durableSize) + Self.pageSize - 1) / Self.pageSize
        if durablePages.count > limit { durablePages.removeLast(durablePages.count - limit) }
    }

    // MARK: Changes by others

    /// Changes bytes in the cache and on the platter without changing a timestamp, like silent corruption.
    func rot(at offset: Int64, mask: UInt8) {
        let (index, start) = Int(offset).quotientAndRemainder(dividingBy: Self.pageSize)
        guard index < pages.count, pages[index] != nil else { return }
        version += 1
        pages[index]![start] ^= mask
        if index < durablePages.count, durablePages[index] != nil { durablePages[index]![start] ^= mask }
    }
}
