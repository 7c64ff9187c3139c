import Foundation
import TemporaryDirectory

/// A throw-away certificate authority, by the openssl program.
struct Authority {
    private let directory: String

    init(_ directory: String) { self.directory = directory }

    /// What one authority made for all tests that want no more than one good certificate: `ca.pem`, `good.pem` and `good.key`.
    private static let shared = Task {
        let directory = try TemporaryDirectory()
        let authority = Authority(directory.path)
        try await authority.found()
        try await authority.issueGood()
        return try ["ca.pem", "good.pem", "good.key"].map { name in
            (name, try Data(contentsOf: directory.url.appendingPathComponent(name)))
        }
    }

    /// Puts the shared authority's files into the directory.
    func lend() async throws {
        for (name, data) in try await Self.shared.value {
            try data.write(to: URL(fileURLWithPath: directory + "/" + name))
        }
    }

    /// Makes `ca.pem` and certificates for servers: `good`, one for another host, one that has expired, one whose time is still to
    /// come, and one that nobody but itself signed.
    func issue() async throws {
        try await found()
        try await issueGood()
        try await issue("other", name: "DNS:elsewhere.example", from: "20200101000000Z", until: "20991231000000Z")
        try await issue("expired", name: "IP:127.0.0.1", from: "20200101000000Z", until: "20210101000000Z")
        try await issue("early", name: "IP:127.0.0.1", from: "20980101000000Z", until: "20991231000000Z")
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "self.key", "-out",
            "self.pem")
    }

    private func found() async throws {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=modelfetch test authority", "-keyout", "ca.key", "-out", "ca.pem")
    }

    private func issueGood() async throws {
        try await issue("good", name: "IP:127.0.0.1", from: "20200101000000Z", until: "20991231000000Z")
    }

    private func issue(_ file: String, name: String, from: String, until: String) async throws {
        let configuration = """
            [ca]
            default_ca = throwaway
            [throwaway]
            new_certs_dir = .
            database = \(file).index
            rand_serial = yes
            default_md = sha256
            policy = any
            x509_extensions = server
            [any]
            commonName = supplied
            [server]
            subjectAltName = \(name)
            """
        try configuration.write(toFile: "\(directory)/\(file).cnf", atomically: true, encoding: .utf8)
        try "".write(toFile: "\(directory)/\(file).index", atomically: true, encoding: .utf8)
        try await openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=server", "-keyout", "\(file).key", "-out", "\(file).csr")
        try await openssl(
            "ca", "-batch", "-config", "\(file).cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext",
            "-startdate", from, "-enddate", until, "-in", "\(file).csr", "-out", "\(file).pem")
    }

    private func openssl(_ arguments: String...) async throws {
        try await Tool.run("openssl", arguments, directory: directory)
    }
}
