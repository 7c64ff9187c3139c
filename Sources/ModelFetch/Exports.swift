// The one type of another module that this one's surface shows: importing ModelFetch is enough to use it.
@_exported public import struct Hashing.SHA256Digest
