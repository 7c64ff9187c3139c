import ModelFetch
import Testing

@testable import ModelFetchCommand

struct ExitStatusTests {
    @Test(
        arguments: [
            (nil, 0), (.usage, 64), (.data, 65), (.noInput, 66), (.unavailable, 69), (.cannotWrite, 73), (.locked, 75),
            (.refused, 76),
        ] as [(Failure.Kind?, Int32)])
    func `each kind of failure has an exit status of its own`(kind: Failure.Kind?, status: Int32) {
        #expect(ExitStatus.of(kind) == status)
    }

    @Test func `no kind of failure is forgotten in the order of precedence`() {
        #expect(Set(Failure.Kind.byPrecedence) == Set(Failure.Kind.allCases))
        #expect(Set(Failure.Kind.allCases.map { ExitStatus.of($0) }).count == Failure.Kind.allCases.count)
    }

    @Test(
        arguments: [
            ([], 0), ([0, 0], 0), ([0, 65], 65), ([69, 65], 65), ([65, 73], 73), ([76, 69, 66], 76), ([73, 130], 130),
            ([0, 143, 129], 143),
        ] as [([Int32], Int32)])
    func `of several exit statuses the worst one counts`(statuses: [Int32], worst: Int32) {
        #expect(ExitStatus.worst(of: statuses) == worst)
    }
}
