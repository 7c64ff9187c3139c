/// The sizes in which OpenAI released GPT-2, as its own download script calls them.
private let gpt2Sizes = ["124M", "355M", "774M", "1558M"]

/// Brings the seven files of a GPT-2 checkpoint into a directory: what picoGPT's `download_gpt2_files(model_size, model_dir)` does,
/// verified, and resumed if it was interrupted.
///
/// ```swift
/// try await downloadGPT2Files(modelSize: "124M", modelDir: "models/124M")
/// ```
///
/// Files that are there and right are not fetched again, and TensorFlow's `checkpoint` comes last. A file of a megabyte or more that
/// is there and is another one is an error, and is left alone, unless ``DownloadOptions/replacesForeignFiles`` says otherwise.
///
/// - Parameters:
///   - modelSize: `124M`, `355M`, `774M` or `1558M`.
///   - modelDir: Where the files belong, directly. Made if it does not exist, with its parents.
///   - options: How to go about it. ``DownloadOptions/sources`` stand in for the places where OpenAI's files are known to be.
/// - Throws: ``ModelFetchError/failed(_:)`` with kind ``Failure/Kind/usage`` for another size, and with what went wrong otherwise,
///   such as the HTTP status of the source that was asked last; ``ModelFetchError/cancelled`` if the task was cancelled. What was
///   received is kept, so that the same call goes on from there.
public func downloadGPT2Files(
    modelSize: String, modelDir: String, options: DownloadOptions = DownloadOptions()
) async throws(ModelFetchError) {
    guard gpt2Sizes.contains(where: { $0.utf8.elementsEqual(modelSize.utf8) }) else {
        let known = gpt2Sizes.joined(separator: ", ")
        throw .failed(Failure(.usage, "“\(printable(modelSize))” is not a size of GPT-2; there are \(known)"))
    }
    let download: ModelDownload
    do throws(ManifestError) {
        download = try ModelDownload(model: modelSize, into: modelDir, options: options)
    } catch {
        throw .failed(Failure(.data, error.description))
    }
    try await download.run().get()
}
