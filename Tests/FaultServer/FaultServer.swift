/// Placeholder
package enum Placeholder {}
