internal import CLinux
/// Placeholder
package enum Placeholder {}
