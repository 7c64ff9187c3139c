import ModelFetch
import Testing

@testable import ModelFetchCommand

struct RemedyHintTests {
    @Test(
        arguments: [
            (.raiseLimit(.openFiles), "ulimit -n"), (.raiseLimit(.memory), "ulimit -v"),
            (.raiseLimit(.threads), "ulimit -u"), (.raiseLimit(.fileSize), "ulimit -f"), (.waitForLock, "--no-wait"),
            (.replaceFile, "--replace"), (.replaceModel, "--replace"), (.nameModel, "--model NAME or --manifest FILE"),
            (.chooseKnownModel, "modelfetch list"), (.nameSource, "--source http://"), (.addSource, "--source URL"),
            (.giveCredentials, "--netrc"), (.checkAddress, "--source URL"), (.checkForLoginPage, "--source URL"),
            (.trustAuthority, "--cacert FILE"), (.offerHTTP2, "--http2"), (.checkProxy, "--proxy URL"),
            (.waitForNetwork, "--wait-for-network"),
        ] as [(Remedy, String)])
    func `a remedy that the command has an option for names it`(remedy: Remedy, words: String) {
        #expect(remedy.hint.contains(words), "\(remedy.hint)")
    }

    @Test(arguments: Remedy.all)
    func `a hint names only options that the command has`(remedy: Remedy) throws {
        let root = try #require(CommandTree(of: ModelFetchCommand.self)).command
        let commands = [root.subcommand("download"), root.subcommand("verify")].compactMap { $0 }
        for match in remedy.hint.matches(of: /--[a-z0-9-]+/) {
            #expect(commands.contains { $0.option(String(match.output)) != nil }, "\(remedy.hint)")
        }
    }

    @Test func `a failure that the command words itself keeps its own hint`() {
        #expect(CommandFailure(.usage, "m", hint: "h").hint == "h")
        #expect(CommandFailure(Failure(.locked, "m", remedy: .waitForLock)).hint == Remedy.waitForLock.hint)
        #expect(CommandFailure(CommandFailure(.usage, "m", hint: "h") as any Error).hint == "h")
        #expect(CommandFailure(Failure(.usage, "m")).json["hint"] == nil)
        #expect(CommandFailure(CancellationError()).failure.kind == .cannotWrite)
    }
}
