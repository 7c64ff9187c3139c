extension Reply {
    /// Takes over the faults that act while the body is sent.
    mutating func limit(_ faults: [Fault], of answer: Answer) {
        for fault in faults {
            switch fault {
            case .rate: setPace(fault) { if case .rate = $0 { true } else { false } }
            case .crawl: setPace(fault) { if case .crawl = $0 { true } else { false } }
            case .collapse: setPace(fault) { if case .collapse = $0 { true } else { false } }
            case .die: death = fault
            case .gate(let count): interrupt(after: count, with: .gate)
            case .hold(let offset):
                guard let (_, range) = answer.served else { break }
                interrupt(after: offset - range.lowerBound, with: .gate)
            case .silence(let percent, _):
                guard let (file, range) = answer.served else { break }
                let point = Int64(Double(file.size) * percent / 100)
                if range.contains(point) { interrupt(after: point - range.lowerBound, with: .silence(fault)) }
            default: break
            }
        }
    }

    /// Of two faults of the same kind, the later one wins.
    private mutating func setPace(_ fault: Fault, isOfItsKind: (Fault) -> Bool) {
        paces.removeAll(where: isOfItsKind)
        paces.append(fault)
    }

    /// Inserts a step after `count` body bytes, if there are more.
    private mutating func interrupt(after count: Int64, with interruption: Step) {
        var rest = max(0, count)
        for (index, step) in steps.enumerated() {
            guard case .body(let part) = step else { continue }
            if part.count > rest {
                let before: [Step] = rest > 0 ? [.body(part.prefix(rest))] : []
                steps.replaceSubrange(index...index, with: before + [interruption, .body(part.dropFirst(rest))])
                return
            }
            rest -= part.count
        }
    }
}
