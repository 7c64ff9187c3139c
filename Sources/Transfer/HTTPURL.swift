/// Placeholder
package struct HTTPURL: Sendable {}
