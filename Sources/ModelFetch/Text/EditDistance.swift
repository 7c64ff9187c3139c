/// How many edits turn one word into another: adding, removing or changing a byte, or swapping two neighbours (optimal string
/// alignment). Two bytes that changed places count as one edit even if they are not neighbours and nothing else differs.
package func editDistance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    if isSwap(one, other) { return 1 }
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for (i, left) in one.enumerated() {
        var row = [i + 1]
        for (j, right) in other.enumerated() {
            var least = min(last[j] + (left == right ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left == other[j - 1], one[i - 1] == right { least = min(least, beforeLast[j - 1] + 1) }
            row.append(least)
        }
        (beforeLast, last) = (last, row)
    }
    return last[other.count]
}

private func isSwap(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    let places = one.indices.filter { one[$0] != other[$0] }
    return places.count == 2 && one[places[0]] == other[places[1]] && one[places[1]] == other[places[0]]
}
