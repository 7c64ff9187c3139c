/// Two paths of a manifest that cannot both be files in one directory, on this or on another file system.
struct PathCollision {
    enum Kind {
        /// The same bytes.
        case equal
        /// Different bytes that a file system without case, or one that normalises Unicode, takes for one name.
        case folded
        /// One is a parent directory of the other.
        case directory
    }

    let kind: Kind
    /// Indices of the two paths, the smaller first.
    let first: Int
    let second: Int

    /// The first collision among `paths`; `nil` if there is none.
    static func find(in paths: [ManifestPath]) -> PathCollision? {
        // Sorted by components, everything inside a directory follows directly upon the path of that name: comparing
        // neighbours is enough, where looking up every prefix of every path could be made to take quadratic time.
        let keys = paths.map(\.collisionKey)
        let order = keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
        for (one, next) in zip(order, order.dropFirst()) where keys[next].starts(with: keys[one]) {
            let isLonger = keys[next].count > keys[one].count
            if isLonger, keys[next][keys[one].count] != ManifestPath.keySeparator { continue }
            let kind: Kind = isLonger ? .directory : paths[one] == paths[next] ? .equal : .folded
            return PathCollision(kind: kind, first: min(one, next), second: max(one, next))
        }
        return nil
    }
}
