/// The manifests that ship inside the binary: the JSON files beside this one, embedded by the build.
package enum BuiltInManifests {
    /// File name and bytes of each, in the order in which lists show them.
    package static let files: [(name: String, bytes: [UInt8])] = [
        ("gpt2-124M.json", PackageResources.gpt2_124M_json),
        ("gpt2-355M.json", PackageResources.gpt2_355M_json),
        ("gpt2-774M.json", PackageResources.gpt2_774M_json),
        ("gpt2-1558M.json", PackageResources.gpt2_1558M_json),
        ("tiny.json", PackageResources.tiny_json),
    ]
}
