extension ManifestCatalog {
    /// The known names that are so close to a word that a slip of the finger may lie between, closest first; at most three.
    ///
    /// A third of the letters may differ, and never more than three.
    package func names(near word: String) -> [String] {
        let word = Array(ManifestPath.folded(word).utf8)
        // Long words are no slips of the finger, and must not cost time.
        guard !word.isEmpty, word.count <= 64 else { return [] }
        var found: [(distance: Int, name: String)] = []
        for loaded in manifests {
            let near = loaded.manifest.names.map { name in
                (distance: editDistance(Array(ManifestPath.folded(name).utf8), word), name: name)
            }
            // One name a model: the others mean the same.
            guard let best = near.min(by: { $0.distance < $1.distance }) else { continue }
            if best.distance <= min(max(word.count / 3, 1), 3) { found.append(best) }
        }
        let least = found.map(\.distance).min()
        return found.filter { $0.distance == least }.prefix(3).map(\.name)
    }
}
