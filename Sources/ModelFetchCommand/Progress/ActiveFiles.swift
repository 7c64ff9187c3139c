/// The unfinished files, in the order in which they were started, with access by path in constant time: while existing files are
/// hashed, all files of a model may be among them.
struct ActiveFiles: Sendable {
    /// In order. A removed file leaves a gap, until most of them are gaps.
    private var slots: [ProgressState.File?] = []
    private var places: [String: Int] = [:]

    var all: [ProgressState.File] { slots.compactMap(\.self) }

    subscript(path: String) -> ProgressState.File? { places[path].flatMap { slots[$0] } }

    func sum(_ start: Int64, _ value: (ProgressState.File) -> Int64) -> Int64 {
        slots.reduce(start) { sum, file in sum + (file.map(value) ?? 0) }
    }

    /// Changes a file, which is added first if it is new.
    mutating func update(
        _ path: String, beginning: () -> ProgressState.File, _ change: (inout ProgressState.File) -> Void
    ) {
        if let place = places[path], var file = slots[place] {
            // Taken out of its slot, so that its contents are not copied.
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
