import Foundation
import Testing

/// The list of what failed, with which ./test ends.
@Suite(.timeLimit(.minutes(10)))
struct FailedTestsTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".ci/failed-tests").path

    @Test func `names what failed with every reason, and nothing that passed or was skipped`() async throws {
        let files = [
            #"""
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites>
              <testsuite name="TestResults" errors="0" tests="5" failures="2" skipped="2" time="1">
                <testcase classname="A.`A file`" name="`is right`()" time="0.1" />
                <testcase classname="A.`A file`" name="`is read`(from:)" time="0.1">
                  <failure message="Expectation failed: (a &#8594; &quot;x&quot;) &lt; b &amp;&amp; c (error)" />
                  <failure message="Time limit was exceeded: 600.000 seconds (error)" />
                </testcase>
                <testcase classname="A.B" name="needs nginx()" time="0">
                  <skipped>nginx is not installed</skipped>
                </testcase>
                <testcase classname="A.B" name="needs root()" time="0">
                  <skipped />
                </testcase>
            """#,
            #"""
                <testcase classname="C.D" name="last()" time="0">
                  <failure message="no" />
                </testcase>
              </testsuite>
            </testsuites>
            """#,
        ]
        try await withWorkspace { workspace in
            for (index, text) in files.enumerated() {
                try workspace.write(Array((text + "\n").utf8), to: "\(index).xml")
            }
            let list = try await Tool.run("sh", [Self.script, "0.xml", "1.xml"], directory: workspace.path)
            #expect(
                list.out == #"""
                    A.`A file` `is read`(from:)
                        Expectation failed: (a -> "x") < b && c (error)
                        Time limit was exceeded: 600.000 seconds (error)
                    C.D last()
                        no

                    """#)
        }
    }
}
