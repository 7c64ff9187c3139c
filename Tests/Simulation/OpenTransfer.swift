import Transfer

/// A transfer, from its request to the end of its response. A refusal is none.
final class OpenTransfer {
    private let network: SimulatedNetwork
    private let (source, path): (Int, String)
    private var isOpen: Bool

    init(_ answer: SimulatedNetwork.Answer, _ network: SimulatedNetwork) {
        self.network = network
        (source, path) = (answer.source, answer.path)
        isOpen = [200, 206].contains(answer.head.status)
        if isOpen { network.begin(answer) }
    }

    deinit { end() }

    /// It has ended. No effect if it has before.
    func end() {
        guard isOpen else { return }
        isOpen = false
        network.end(source, path)
    }
}
