/// The sizes in which OpenAI released GPT-2, as its own download script calls them.
private let gpt2Sizes = ["124M", "355M", "774M", "1558M"]

/// Downloads the seven files of a GPT-2 checkpoint into a directory, like picoGPT's `download_gpt2_files(model_size, model_dir)`, but
/// verified, and resumed after an interruption.
///
/// ```swift
/// try await downloadGPT2Files(modelSize: "124M", modelDir: "models/124M")
/// ```
///
/// Files that are already verified are not fetched again, and TensorFlow's `checkpoint` is published last. If a different file of a
/// megabyte or more has the name of one of the files, that is an error and the file is not touched, unless
/// ``DownloadOptions/replacesForeignFiles`` is set.
///
/// - Parameters:
///   - modelSize: `124M`, `355M`, `774M` or `1558M`.
///   - modelDir: The directory for the files themselves. It is created if it does not exist, with its parents.
///   - options: How the download is done. ``DownloadOptions/sources`` replace the known sources of OpenAI's files.
/// - Throws: ``ModelFetchError/failed(_:)``, with kind ``Failure/Kind/usage`` for an unknown size; ``ModelFetchError/cancelled`` if
///   the task was cancelled. What was received is kept, and the same call resumes there.
public func downloadGPT2Files(
    modelSize: String, modelDir: String, options: DownloadOptions = DownloadOptions()
) async throws(ModelFetchError) {
    guard gpt2Sizes.contains(where: { $0.utf8.elementsEqual(modelSize.utf8) }) else {
        let known = gpt2Sizes.joined(separator: ", ")
        throw .failed(Failure(.usage, "“\(printable(modelSize))” is not a GPT-2 size; the sizes are \(known)"))
    }
    let download: ModelDownload
    do throws(ManifestError) {
        download = try ModelDownload(model: modelSize, into: modelDir, options: options)
    } catch {
        throw .failed(Failure(.data, error.description))
    }
    try await download.run().get()
}
