/// How a source behaves in all of its responses, depending on how many it gives at once.
package struct Traffic: Codable, Hashable, Sendable {
    /// What more transfers than are accepted get.
    package enum Refusal: String, Codable, CaseIterable, Sendable { case tooMany, unavailable, noConnection }

    /// Something that happens in every so-manieth response.
    package struct Habit: Codable, Hashable, Sendable {
        package var every: Int
        package var fault: NetworkFault
        /// Not in the first so many responses.
        package var after: Int?

        package init(every: Int, fault: NetworkFault, after: Int? = nil) {
            self.every = every
            self.fault = fault
            self.after = after
        }
    }

    /// The longest time until the head of a response, in milliseconds. Half of it is the shortest.
    package var latency = 40
    /// The bytes per millisecond of a connection, give or take a half; `nil` for arbitrary pauses.
    package var rate: Int?
    /// The most transfers at once.
    package var accepted: Int?
    package var refusal = Refusal.tooMany
    package var retryAfter: String?
    /// More transfers than this at once get a hundredth of the rate.
    package var uncrawling: Int?
    package var habits: [Habit] = []
    /// Whether its ETag is one of two in turn.
    package var alternates = false

    /// What happens in a response that has no fault of its own.
    func habit(ofResponse number: Int) -> NetworkFault? {
        habits.first { number >= $0.after ?? 0 && number % $0.every == $0.every - 1 }?.fault
    }
}
