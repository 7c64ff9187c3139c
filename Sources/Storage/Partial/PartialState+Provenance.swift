/// Where the bytes came from, and what follows from that.
extension PartialState {
    /// Every extent that is held or claimed.
    var everything: [ExtentMap.Extent] { held.extents + claimed.extents }

    /// The ranges that are suspect; see ``SourceVersions/isSuspect(_:isFresh:)``.
    var suspects: [Range<Int64>] {
        everything.filter { versions.isSuspect($0.source, isFresh: fresh.contains($0.range)) }.map(\.range)
    }

    /// The one version that all bytes belong to; `nil` if there are no bytes, they are of several versions, or it is unknown.
    var soleVersion: SourceVersion? {
        let numbers = Set(everything.map(\.source))
        guard numbers.count == 1, let number = numbers.first, let version = versions[number] else { return nil }
        return version.isOneVersion ? version : nil
    }

    /// What is known about the origin of the bytes.
    var provenance: Provenance {
        if let version = soleVersion { return .oneVersion(from: version.place) }
        let sources = Set(everything.map { versions[$0.source]?.source })
        guard sources.count == 1, let source = sources.first, let source else { return .mixed }
        return .oneSource(source)
    }

    /// All ranges but those of the resumable version that most bytes belong to; every range if there is no such version.
    func rangesBesideOneVersion(of sources: Set<SourceID>, size: Int64) -> [Range<Int64>] {
        var bytes: [UInt16: Int64] = [:]
        for extent in everything { bytes[extent.source, default: 0] += Int64(extent.range.count) }
        let best = bytes.filter { number, count in
            guard let version = versions[number], sources.contains(version.source) else { return false }
            return version.isResumable || version.isOneVersion && count == size
        }.max { ($0.value, $0.key) < ($1.value, $1.key) }
        return everything.filter { $0.source != best?.key }.map(\.range)
    }

    /// The ranges that another tool left.
    var foundRanges: [Range<Int64>] {
        held.ranges(of: JournalContents.foundHere) + claimed.ranges(of: JournalContents.foundHere)
    }
}
