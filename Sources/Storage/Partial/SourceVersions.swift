/// The numbers under which a journal records versions, and which version each source gave last.
struct SourceVersions: Hashable, Sendable {
    private var versions: [UInt16: SourceVersion] = [:]
    /// The number of the version that each source gave last.
    private var latest: [SourceID: UInt16] = [:]
    /// The numbers of versions that may span several responses.
    private var numbers: [SourceVersion: UInt16] = [:]
    private var highestNumber: UInt16 = 0
    /// The sources that have given several validators.
    private var changed: Set<SourceID> = []

    init(_ contents: JournalContents) {
        versions = contents.versions
        latest = contents.latest
        highestNumber = contents.versions.keys.max() ?? 0
        for (number, version) in contents.versions where !version.isOneAnswer { numbers[version] = number }
        for version in contents.versions.values {
            let last = contents.latest[version.source].flatMap { contents.versions[$0] }
            if last?.validator != version.validator { changed.insert(version.source) }
        }
    }

    /// The version that a number stands for; `nil` for ``JournalContents/foundHere``.
    subscript(number: UInt16) -> SourceVersion? { versions[number] }

    /// A number for bytes of a version.
    enum Numbering: Hashable, Sendable {
        /// The number already stands for this version, which its source gave last.
        case known(UInt16)
        /// The number must be recorded, then passed to ``SourceVersions/assign(_:to:)``.
        case new(UInt16)
        /// No number is left.
        case exhausted
    }

    /// - Parameter version: with a validator that fits in a record.
    func numbering(of version: SourceVersion) -> Numbering {
        // The bytes of one response have a number to themselves.
        let known = version.isOneAnswer ? nil : numbers[version]
        if let known, latest[version.source] == known { return .known(known) }
        return (known ?? UInt16(exactly: Int(highestNumber) + 1)).map { .new($0) } ?? .exhausted
    }

    /// Makes `number` stand for a version, and this version the last one that its source gave.
    mutating func assign(_ number: UInt16, to version: SourceVersion) {
        if let last = latest[version.source], versions[last]?.validator != version.validator {
            changed.insert(version.source)
        }
        versions[number] = version
        latest[version.source] = number
        if !version.isOneAnswer { numbers[version] = number }
        highestNumber = max(highestNumber, number)
    }

    /// The validator that a source gave last; `nil` if it gave none.
    func validator(of source: SourceID) -> String? {
        latest[source].flatMap { versions[$0]?.validator }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether a source has given several validators.
    func hasChanged(_ source: SourceID) -> Bool { changed.contains(source) }

    /// Whether bytes under a number are suspect: their source has given another validator since. If it now gives none at all,
    /// only bytes that this run received are free of suspicion.
    func isSuspect(_ number: UInt16, isFresh: @autoclosure () -> Bool) -> Bool {
        guard let version = versions[number] else { return false }
        if latest[version.source] != number { return true }
        return version.validator.isEmpty && changed.contains(version.source) && !isFresh()
    }
}
