import ModelFetch
import Testing

struct EditDistanceTests {
    @Test(arguments: [
        ("", "", 0), ("", "ab", 2), ("tiny", "tiny", 0), ("tny", "tiny", 1), ("tyny", "tiny", 1), ("tinyy", "tiny", 1),
        ("tniy", "tiny", 1), ("tyni", "tiny", 1), ("ynit", "tiny", 3), ("verfiy", "verify", 1), ("124M", "142M", 1),
        ("124M", "421M", 1), ("124M", "355M", 3), ("abcd", "dcba", 3),
    ])
    func `counts the slips of a finger between two words`(one: String, other: String, distance: Int) {
        #expect(editDistance(Array(one.utf8), Array(other.utf8)) == distance)
        #expect(editDistance(Array(other.utf8), Array(one.utf8)) == distance)
    }
}
