internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// The hidden interface for shells: the manual page and the completion scripts, which are generated at installation, and the candidates
/// that those scripts ask for at each press of the tab key.
enum ShellCompletion {
    /// The argument that a script passes before the words of an unfinished command line.
    private static let question = "---words"
    private static let files = ":files"

    /// - Parameters:
    ///   - arguments: what follows the program's name.
    ///   - root: the program's root command.
    /// - Returns: the lines to print on stdout; `nil` if the arguments ask for none of this.
    static func answer(to arguments: [String], root: any ParsableCommand.Type) -> [String]? {
        if arguments.first == question {
            return CommandTree(of: root).map { candidates(for: Array(arguments.dropFirst()), $0) } ?? []
        }
        if arguments == ["--generate-manual"], let tree = CommandTree(of: root) {
            let format = Date.FormatStyle(locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt)
            return ManualPage.lines(tree, date: Date.now.formatted(format.month(.wide).day().year()))
        }
        guard arguments.count == 2, arguments[0] == "--generate-completion-script" else { return nil }
        return scripts[arguments[1]]?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func candidates(for words: [String], _ tree: CommandTree) -> [String] {
        var directories = ManifestCatalog.directories(
            inList: ProcessInfo.processInfo.environment["MODELFETCH_MANIFESTS"] ?? "")
        for (option, value) in zip(words, words.dropFirst()) where option == "--manifest-dir" {
            directories.append(value)
        }
        let models = ManifestCatalog(directories: directories).manifests.flatMap { loaded in
            loaded.manifest.names.map { name in
                Completion.Candidate(
                    word: name,
                    description: "\(Formatting.count(loaded.manifest.files.count, "file")), "
                        + Formatting.bytes(loaded.manifest.plannedBytes))
            }
        }
        let answer = Completion(tree, models: models).answer(to: words)
        let lines = answer.candidates.map { candidate in
            printable(candidate.word) + "\t" + candidate.description.replacing("\n", with: " ")
        }
        return answer.takesFiles ? lines + [files] : lines
    }

    // MARK: Scripts

    static let scripts = ["bash": bash, "zsh": zsh, "fish": fish]

    private static let bash = #"""
        # bash completion for modelfetch. The program itself provides the candidates.
        _modelfetch() {
            local line files= current=${COMP_WORDS[COMP_CWORD]}
            COMPREPLY=()
            while IFS= read -r line; do
                if [ "$line" = :files ]; then files=yes; else COMPREPLY+=("${line%%$'\t'*}"); fi
            done < <("$1" ---words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
            if [ -n "$files" ]; then
                compopt -o filenames 2>/dev/null
                [ "$current" != = ] || current=
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
            fi
        }
        complete -F _modelfetch modelfetch
        """#

    private static let zsh = #"""
        #compdef modelfetch
        # zsh completion for modelfetch. The program itself provides the candidates.
        _modelfetch() {
            local line files=0
            local -a candidates
            for line in "${(@f)$("${(Q)words[1]}" ---words "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
                if [[ $line == :files ]]; then
                    files=1
                elif [[ -n $line ]]; then
                    candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
                fi
            done
            local result=1
            if (( $#candidates )); then
                if [[ $words[CURRENT] == -* ]]; then
                    _describe -o 'option' candidates && result=0
                else
                    _describe 'argument' candidates && result=0
                fi
            fi
            if (( files )); then _files && result=0; fi
            return result
        }
        if [[ $funcstack[1] == _modelfetch ]]; then
            _modelfetch "$@"
        else
            compdef _modelfetch modelfetch
        fi
        """#

    private static let fish = #"""
        # fish completion for modelfetch. The program itself provides the candidates.
        function __modelfetch_complete
            set -l tokens (commandline -opc)
            set -l program $tokens[1]
            set -e tokens[1]
            set -l current (commandline -ct)
            for line in ($program ---words $tokens "$current" 2>/dev/null)
                if test "$line" = :files
                    __fish_complete_path "$current"
                else
                    printf '%s\n' $line
                end
            end
        end
        complete -c modelfetch -f -a '(__modelfetch_complete)'
        """#
}
