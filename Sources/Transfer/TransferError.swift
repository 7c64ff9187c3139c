/// Placeholder
package struct TransferError: Error {
    package struct Code: Sendable { package static let cancelled = Code() }
}
