extension ManifestCatalog {
    /// What is wrong with the manifest in a file; none if it can be loaded.
    ///
    /// ``load(_:)`` stops at the first error. This goes on after an error in an alias, a source or a file, up to twenty of them.
    package static func errors(in path: String) -> [ManifestError] {
        do throws(ManifestError) {
            let bytes = try ManifestFileReader.read(path)
            do throws(JSONFault) {
                return ManifestFaults.all(in: try StrictJSON.parse(bytes)).map { ManifestError($0, source: path) }
            } catch {
                return [ManifestError(error, source: path)]
            }
        } catch {
            return [error]
        }
    }
}

/// Finds more than one fault of a manifest: an element with a fault is replaced by one without, and the rest is decoded again.
enum ManifestFaults {
    /// This also bounds the time, since the whole document is decoded for every fault.
    static let limit = 20

    static func all(in document: JSONValue) -> [JSONFault] {
        var document = document
        var faults: [JSONFault] = []
        while faults.count < limit {
            do throws(JSONFault) {
                var decoder = ManifestDecoder()
                _ = try decoder.manifest(JSONReader(value: document, path: .root))
                return faults
            } catch {
                // The marker may have been one of the replaced files.
                if !faults.isEmpty, error.path.description == "$.marker" { return faults }
                faults.append(error)
                guard let sound = replacing(error.path, in: document) else { return faults }
                document = sound
            }
        }
        return faults
    }

    /// The document with a valid element in the place of the faulty one; `nil` if the fault is not in an element of a list.
    private static func replacing(_ path: JSONPath, in document: JSONValue) -> JSONValue? {
        guard case .object(var members) = document, path.steps.count >= 2, case .key(let key) = path.steps[0],
            case .index(let index) = path.steps[1],
            let place = members.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }),
            case .array(var elements) = members[place].value, elements.indices.contains(index),
            let element = validElement(of: key, index)
        else { return nil }
        elements[index] = element
        members[place].value = .array(elements)
        return .object(members)
    }

    private static func validElement(of list: String, _ index: Int) -> JSONValue? {
        let name = "element-\(index)-was-faulty"
        return switch list {
        case "aliases": .string(name)
        case "sources": .string("http://\(name).invalid/")
        case "files":
            .object([
                .init(key: "path", value: .string(name)), .init(key: "size", value: .integer(0)),
                .init(key: "sha256", value: .string(String(repeating: "0", count: 64))),
            ])
        default: nil
        }
    }
}
