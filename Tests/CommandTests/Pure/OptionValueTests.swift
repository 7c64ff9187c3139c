import Testing

@testable import ModelFetchCommand

/// The values of options, as they are read and refused.
struct OptionValueTests {
    @Test(
        arguments: [
            ("1", 1), ("800K", 819_200), ("5M", 5_242_880), ("5m", 5_242_880), ("2g", 2_147_483_648), ("1.5k", 1536),
            ("0.001M", 1048), ("5MB", 5_242_880), ("5MiB", 5_242_880), ("800kib", 819_200),
            ("1.5GB", 1_610_612_736), ("500B", 500), ("8388608G", 9_007_199_254_740_992),
        ] as [(String, Int64?)])
    func `a rate is digits and a unit of 1024`(text: String, bytes: Int64?) {
        #expect(ByteRate(argument: text)?.bytesPerSecond == (bytes! < 9_000_000_000_000_000 ? bytes : nil))
    }

    @Test(
        arguments: [
            "", "K", "0", "0K", "0.0001K", "-1", "+1", "1e3", "0x10", "1.2.3", "1 M", " 1M", "1 MB", "1iB", "1Mi",
            "1MBB", "1T", "nan", "inf",
            ".",
            "５M", "5ß", "5ﬁ", "5M\u{301}", "99999999999999999999", "1,5M",
        ])
    func `anything else is no rate, and no reason to crash`(text: String) {
        #expect(ByteRate(argument: text) == nil)
    }
}
