import Foundation
import Testing

/// A library that is loaded into the program and turns against it: at the first pread(2) or pwrite(2) it starts a thread, which
/// tries by every means to write, once inside of a directory and once outside, and says on stderr what came of each.
///
/// It stands for whatever bug may one day let somebody run his own code in the program.
struct Escapist {
    let library: String
    /// What must not be touched, and a copy of what it looks like.
    let outside: String
    private let before: [String]
    private let workspace: Workspace

    static let attempts = [
        "create", "write", "truncate", "mkdir", "symlink", "mkfifo", "unlink", "rename", "proc", "chdir",
    ]

    init(_ workspace: Workspace) async throws {
        self.workspace = workspace
        library = workspace.path + "/escapist.so"
        outside = workspace.path + "/outside"
        try workspace.write(Array(Self.source.utf8), to: "escapist.c")
        for name in ["file", "file.unlink", "file.rename"] { try workspace.write([7, 7, 7], to: "outside/" + name) }
        try await Tool.run(
            "clang", ["-shared", "-fPIC", "-o", library, "escapist.c", "-ldl", "-lpthread"], directory: workspace.path)
        before = workspace.listing("outside")
    }

    /// - Parameter inside: where it may write, as it thinks.
    func environment(inside: String) -> [String: String] {
        ["LD_PRELOAD": library, "ESCAPE_OUTSIDE": outside, "ESCAPE_INSIDE": inside]
    }

    var isOutsideUntouched: Bool { workspace.listing("outside") == before }

    /// What came of each attempt: the name of the error, or `done`.
    func outcomes(of result: Child.Result, _ place: String) -> [String: String] {
        var outcomes: [String: String] = [:]
        for line in result.err.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 4, words[0] == "escape:", words[1] == place { outcomes[words[2]] = words[3] }
        }
        return outcomes
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <sched.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <unistd.h>

        static void say(const char *place, const char *attempt, int result) {
            dprintf(2, "escape: %s %s %s\n", place, attempt, result >= 0 ? "done" : strerrorname_np(errno));
            if (strcmp(attempt, "create") == 0 || strcmp(attempt, "write") == 0) close(result);
        }

        static void attempt(const char *place, const char *directory) {
            char path[4096], other[4096];
            int file;
            #define AT(name) (snprintf(path, sizeof path, "%s/%s", directory, name), path)
            say(place, "create", open(AT("created"), O_WRONLY | O_CREAT, 0600));
            say(place, "write", open(AT("file"), O_WRONLY));
            say(place, "truncate", truncate(AT("file"), 1));
            say(place, "mkdir", mkdir(AT("directory"), 0700));
            say(place, "symlink", symlink("/etc/passwd", AT("link")));
            say(place, "mkfifo", mkfifo(AT("fifo"), 0600));
            say(place, "unlink", unlink(AT("file.unlink")));
            snprintf(other, sizeof other, "%s", AT("renamed"));
            say(place, "rename", rename(AT("file.rename"), other));
            file = open(AT("file"), O_RDONLY);
            snprintf(path, sizeof path, "/proc/self/fd/%d", file);
            say(place, "proc", open(path, O_WRONLY));
            // The directory of this thread alone.
            say(place, "chdir", unshare(CLONE_FS) == 0 && chdir(directory) == 0 ? open("made", O_RDWR | O_CREAT, 0600) : -1);
        }

        static void *escape(void *unused) {
            attempt("inside", getenv("ESCAPE_INSIDE"));
            attempt("outside", getenv("ESCAPE_OUTSIDE"));
            return unused;
        }

        static void begin(void) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, escape, NULL) == 0) pthread_join(thread, NULL);
        }

        static pthread_once_t once = PTHREAD_ONCE_INIT;

        ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
            pthread_once(&once, begin);
            return ((ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite"))(file, bytes, count, offset);
        }

        ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
            pthread_once(&once, begin);
            return ((ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread"))(file, bytes, count, offset);
        }
        """#
}
