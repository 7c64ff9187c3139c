/// The version of this library and program.
package let modelfetchVersion = "0.1.0"
