import Testing
import Transfer

@testable import ModelFetch

@Suite struct `The sources of a run` {
    @Test func `are the manifest's by rank, or the user's own if there are any`() throws {
        let manifest = try TestModel.checkpoint.manifest(sources: [
            ManifestSource(url: "http://later/", rank: 1), ManifestSource(url: "http://first/", rank: 0),
        ])
        var options = DownloadOptions()
        #expect(try options.sources(for: manifest).map(\.shown) == ["http://first/", "http://later/"])
        options.sources = ["http://me:pw@mine"]
        let own = try options.sources(for: manifest)
        #expect(own.count == 1 && !own[0].shown.contains("pw"))
        #expect(own[0].credentials.userinfo?.password == "pw")
    }
}
