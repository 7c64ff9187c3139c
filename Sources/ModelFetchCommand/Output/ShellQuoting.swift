internal import ModelFetch

/// A word, quoted where a shell would not take it as it is.
func shellQuoted(_ word: String) -> String {
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,="
    if !word.isEmpty, word.allSatisfy({ plain.contains($0) }) { return word }
    return "'" + printable(word, limit: 1024).replacing("'", with: #"'\''"#) + "'"
}
