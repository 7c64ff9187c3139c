/// Files that are begun and not finished, in the order in which they began, and each found at once: while what is there is hashed,
/// all files of a model may be among them.
struct ActiveFiles: Sendable {
    /// In order; those that are gone leave a gap until gaps are most of it.
    private var slots: [ProgressState.File?] = []
    private var places: [String: Int] = [:]

    var all: [ProgressState.File] { slots.compactMap(\.self) }

    subscript(path: String) -> ProgressState.File? { places[path].flatMap { slots[$0] } }

    func sum(_ start: Int64, _ value: (ProgressState.File) -> Int64) -> Int64 {
        slots.reduce(start) { sum, file in sum + (file.map(value) ?? 0) }
    }

    /// Changes a file, which begins with this if it has not begun before.
    mutating func update(
        _ path: String, beginning: () -> ProgressState.File, _ change: (inout ProgressState.File) -> Void
    ) {
        if let place = places[path], var file = slots[place] {
            // Out of its slot meanwhile, or what it holds would be copied.
            slots[place] = nil
            change(&file)
            slots[place] = file
            return
        }
        var file = beginning()
        change(&file)
        places[path] = slots.count
        slots.append(file)
    }

    mutating func remove(_ path: String) -> ProgressState.File? {
        guard let place = places.removeValue(forKey: path) else { return nil }
        defer {
            slots[place] = nil
            if slots.count > 64, places.count * 2 < slots.count { closeGaps() }
        }
        return slots[place]
    }

    private mutating func closeGaps() {
        slots.removeAll { $0 == nil }
        for (place, file) in slots.enumerated() {
            if let file { places[file.path] = place }
        }
    }
}
