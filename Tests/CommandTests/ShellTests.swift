import Foundation
import Testing

/// Completions in the shells themselves, and the manual page in its own checker.
@Suite(.timeLimit(.minutes(4)))
struct ShellTests {
    /// A workspace in which `modelfetch` is found by its name, as shells look for it.
    private func withProgram<R>(_ body: (Workspace, _ environment: [String: String]) async throws -> R) async throws
        -> R
    {
        try await withWorkspace { workspace in
            let programs = workspace.path + "/bin"
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: programs + "/modelfetch", withDestinationPath: Program.path)
            try workspace.write([1], to: "some dir/x")
            for shell in ["bash", "zsh", "fish"] {
                let script = try await workspace.run("--generate-completion-script", shell)
                #expect(script.status == 0)
                try workspace.write(Array(script.out.utf8), to: "complete." + shell)
            }
            var environment = workspace.environment
            environment["PATH"] = programs + ":" + (environment["PATH"] ?? "")
            return try await body(workspace, environment)
        }
    }

    private static let cases: [(String, has: [String], hasNot: [String])] = [
        ("", ["verify", "list", "manifest", "124M", "tiny"], ["--json"]), ("ver", ["verify"], ["124M"]),
        ("12", ["124M"], ["tiny"]), ("--li", ["--limit-rate"], ["--json"]), ("--js", ["--json"], ["--limit-rate"]),
        ("verify ti", ["tiny"], ["124M"]), ("verify --mod", ["--model"], ["--json"]),
        ("--progress pl", ["plain"], ["bar"]), ("manifest sh", ["show"], ["check"]),
        ("124M so", ["some dir"], ["124M"]),
    ]

    private func expect(_ offered: [String], _ line: String, _ has: [String], _ hasNot: [String]) {
        for word in has { #expect(offered.contains(word), "“\(line)”: \(offered)") }
        for word in hasNot { #expect(!offered.contains(word), "“\(line)”: \(offered)") }
    }

    @Test(.enabled(if: Program.has("bash"), "bash is not installed"))
    func `bash completes subcommands, models, options and files`() async throws {
        let script = #"""
            . ./complete.bash
            while IFS= read -r line; do
                read -r -a COMP_WORDS <<<"modelfetch $line"
                case $line in '') COMP_WORDS+=('') ;; esac
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _modelfetch modelfetch
                printf '%s\n' "${COMPREPLY[@]}" --end--
            done
            """#
        try await withProgram { workspace, environment in
            let lines = Self.cases.map(\.0).joined(separator: "\n") + "\n"
            try workspace.write(Array(lines.utf8), to: "lines")
            let child = try Child(
                Program.find("bash") ?? "bash", ["-c", "exec <lines\n" + script], environment: environment,
                directory: workspace.path)
            let result = try await child.wait()
            let answers = result.out.components(separatedBy: "--end--\n").dropLast()
            try #require(answers.count == Self.cases.count, "\(result.out)\(result.err)")
            for (answer, (line, has, hasNot)) in zip(answers, Self.cases) {
                expect(answer.split(separator: "\n").map(String.init), line, has, hasNot)
            }
        }
    }

    @Test(.enabled(if: Program.has("fish"), "fish is not installed"))
    func `fish completes subcommands, models, options and files`() async throws {
        try await withProgram { workspace, environment in
            for (line, has, hasNot) in Self.cases {
                let command = "source complete.fish; complete -C 'modelfetch \(line)'"
                let child = try Child(
                    Program.find("fish") ?? "fish", ["-N", "-c", command], environment: environment,
                    directory: workspace.path)
                let result = try await child.wait()
                let words = result.lines.map { line in
                    let word = line.split(separator: "\t").first.map(String.init) ?? ""
                    // A directory, as it is written on a command line.
                    return word.replacing("\\ ", with: " ").replacing(/\/$/, with: "")
                }
                expect(words, line, has, hasNot)
            }
        }
    }

    @Test(.enabled(if: Program.has("zsh"), "zsh is not installed"))
    func `zsh completes subcommands, models, options and files`() async throws {
        // In place of the real ones, functions that print what they are given: the menu is drawn by zsh.
        let script = #"""
            compdef() { :; }
            source ./complete.zsh
            _describe() {
                local -a given; given=("${(@P)@[-1]}")
                for item in $given; do print -r -- "${${item%%:*}//\\/}"; done
            }
            _files() { print -rl -- *(N); }
            while IFS= read -r line; do
                words=(modelfetch ${(s: :)line})
                [[ -n $line ]] || words+=('')
                CURRENT=$#words
                _modelfetch
                print -r -- --end--
            done <lines
            """#
        try await withProgram { workspace, environment in
            let lines = Self.cases.map(\.0).joined(separator: "\n") + "\n"
            try workspace.write(Array(lines.utf8), to: "lines")
            let child = try Child(
                Program.find("zsh") ?? "zsh", ["-f", "-c", script], environment: environment, directory: workspace.path)
            let result = try await child.wait()
            let answers = result.out.components(separatedBy: "--end--\n").dropLast()
            try #require(answers.count == Self.cases.count, "\(result.out)\(result.err)")
            for (answer, (line, has, hasNot)) in zip(answers, Self.cases) {
                expect(answer.split(separator: "\n").map(String.init), line, has, hasNot)
            }
        }
    }

    @Test(.enabled(if: Program.has("mandoc"), "mandoc is not installed"))
    func `the manual page is valid and shows how to run a download`() async throws {
        try await withWorkspace { workspace in
            let page = try await workspace.run("--generate-manual")
            #expect(page.status == 0)
            try workspace.write(Array(page.out.utf8), to: "modelfetch.1")
            let lint = try await Child(
                Program.find("mandoc") ?? "mandoc", ["-T", "lint", "modelfetch.1"], environment: workspace.environment,
                directory: workspace.path
            ).wait()
            #expect(lint.status == 0 && lint.out.isEmpty, "\(lint.out)")
            let shown = try await Tool.run("mandoc", ["-T", "utf8", "modelfetch.1"], directory: workspace.path)
            // Bold and underlined text comes as characters that are struck twice.
            let text = shown.out.replacing(/.\x{8}/, with: "")
            #expect(text.contains("modelfetch model [directory] [options]"), "\(text.prefix(1000))")
            for word in ["--limit-rate rate", "verify [directories]", "EXIT STATUS", "MODELFETCH_MANIFESTS"] {
                #expect(text.contains(word), "\(word)")
            }
        }
    }
}
