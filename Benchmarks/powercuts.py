#!/usr/bin/env python3
"""Cuts the power of a file system while modelfetch downloads into it, and holds what is left against what was reported.

usage: Benchmarks/powercuts.py [--cuts 200] [--seed 1] [--fs ext4|xfs] [--break fsync|no-sync] [--directory DIR]

A file system in an image on a loop device is shut down by FS_IOC_SHUTDOWN, as a power cut would do it: what is not durable
is lost, whether modelfetch runs, is just publishing, or has ended a moment ago. Then it is mounted again, and

  lost     files that were reported as published and are not there
  wrong    files with other bytes under their final name, reported or not
  half     the marker without all the other files
  failed   runs that the power did not end and that did not end with 0, or that did not notice that the disk was gone
  twice    bytes that were on the disk, with a right claim in the journal, and were fetched again all the same

are counted; all must be 0. The next run goes on with what is left, until the model is whole; then comes another one. What
the loop device was given stays: that a disk forgets or reorders what it has confirmed is not part of this.

--break shows that the script can fail: with fsync(2) made a no-op, or under --no-sync, which promises nothing here.

Needs root, loop devices, e2fsprogs (or xfsprogs), a C compiler for --break fsync, and the release builds:
  swift build -c release --product modelfetch && swift build -c release --product fault-server
"""
import argparse, collections, hashlib, json, os, random, select, shutil, socket, subprocess, sys, tempfile, threading, time

sys.dont_write_bytecode = True  # no leftovers beside the scripts
from journal import claims
from loopdisk import MAKE, LoopDisk

RATE = 10_000_000
NO_FSYNC = "int fsync(int f) { return 0; } int fdatasync(int f) { return 0; }\n" \
    "int sync_file_range(int f, long a, long b, unsigned c) { return 0; }\n"

here = os.path.dirname(os.path.abspath(__file__))
release = os.path.join(here, "..", ".build", "release")
options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--cuts", type=int, default=200)
options.add_argument("--seed", type=int, default=1)
options.add_argument("--fs", choices=MAKE, default="ext4")
options.add_argument("--break", dest="broken", choices=["fsync", "no-sync"])
options.add_argument("--directory", help="where the image lies; the temporary directory unless told")
options = options.parse_args()
modelfetch, server_binary = (os.path.abspath(os.path.join(release, name)) for name in ("modelfetch", "fault-server"))
for program in (modelfetch, server_binary, "losetup", "mount", MAKE[options.fs][0]):
    if not shutil.which(program):
        sys.exit(f"needs {program}")
if os.geteuid() != 0:
    sys.exit("needs root, to mount")


class Rig:
    """The disk, the server's files, and the manifest."""

    def __init__(self, root):
        self.root, self.disk = root, LoopDisk(root, options.fs)
        self.model = os.path.join(self.disk.mount, "models", "power")  # both directories are made by modelfetch
        self.served, self.log = os.path.join(root, "served"), os.path.join(root, "log")
        sizes = {f"small-{n}.json": random.randrange(200, 60_000) for n in range(16)}
        sizes |= {f"parts/{n}.bin": random.randrange(60_000, 500_000) for n in range(5)}
        sizes |= {"weights.bin": 8_000_000, "checkpoint": 77}
        self.files = {name: random.randbytes(size) for name, size in sizes.items()}
        self.bytes = sum(sizes.values())
        for name, content in self.files.items():
            os.makedirs(os.path.dirname(os.path.join(self.served, name)), exist_ok=True)
            with open(os.path.join(self.served, name), "wb") as file:
                file.write(content)
        entries = [{"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                   for name, content in self.files.items()]
        self.manifest = self.write("power.json", {"format": "modelfetch-manifest/1", "name": "power", "marker": "checkpoint",
                                                  "files": entries})
        self.script = self.write("script.json", {"rules": [
            {"path": "*", "faults": [{"rate": {"bytesPerSecond": RATE, "shared": True}}]}]})
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.environment = dict(os.environ)
        if options.broken == "fsync":
            library = os.path.join(root, "nofsync.so")
            subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", library], input=NO_FSYNC.encode(), check=True)
            self.environment["LD_PRELOAD"] = library

    def write(self, name, value):
        with open(os.path.join(self.root, name), "w") as file:
            json.dump(value, file)
        return os.path.join(self.root, name)

    def contents(self, name):
        try:
            with open(os.path.join(self.model, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def durable(self, name):
        """The ranges of a file that are there, right, and known to be: by its final name, or by the journal (docs/formats.md)."""
        truth = self.files[name]
        if self.contents(name) == truth:
            return [(0, len(truth))]
        partial = self.contents(name + ".partial") or b""
        journal = self.contents(".modelfetch/" + name.replace("%", "%25").replace("/", "%2F") + ".journal") or b""
        return [(start, end) for start, end in claims(journal) if partial[start:end] == truth[start:end]]


class Run:
    """One run of modelfetch, from its start to the cut and beyond."""

    def __init__(self, rig):
        self.published, self.in_publication, self.status = set(), 0, None
        self.finished = False  # by itself, before the cut
        open(rig.log, "w").close()
        server = subprocess.Popen([server_binary, "--directory", rig.served, "--script", rig.script, "--log", rig.log,
                                   "--port", str(rig.port)], stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split()[-1]
            command = [modelfetch, "--manifest", rig.manifest, rig.model, "--source", url, "--json", "--quiet",
                       "--retries", "2"] + (["--no-sync"] if options.broken == "no-sync" else [])
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=rig.environment)
            self.until_cut(rig)
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
        with open(rig.log) as file:
            self.requests = [json.loads(line) for line in file]

    def until_cut(self, rig):
        # Where the power goes: about when a line comes, at any time, or after the end.
        missing = [len(content) for name, content in rig.files.items() if rig.contents(name) is None]
        span = (sum(missing) or rig.bytes) / RATE
        event = random.choices(["publishing", "file", None, "end"], [45, 25, 22 if len(missing) > 3 else 100, 8])[0]
        number = random.randint(1, len(missing) or 1)
        delay = random.choice([0, random.uniform(0, 0.008), random.uniform(0, 0.03)])
        moment = time.monotonic() + random.uniform(0, span) if event is None else None
        later = None
        if random.random() < 0.5:
            # The kernel writes back now and then what is dirty; here it does so sooner, so that partial files keep something.
            later = threading.Timer(random.uniform(0, span), subprocess.run, [["sync", "-f", rig.disk.mount]],
                                    {"stderr": subprocess.DEVNULL})
            later.start()
        limit, rest, pipe = time.monotonic() + 60, b"", self.process.stdout
        os.set_blocking(pipe.fileno(), False)
        while moment is None or time.monotonic() < moment:
            wait = (moment or limit) - time.monotonic()
            if wait < 0 and moment is None:
                sys.exit("a run takes more than a minute")
            if not select.select([pipe], [], [], max(0, wait))[0]:
                continue
            chunk = os.read(pipe.fileno(), 1 << 16)
            if not chunk:
                self.finished = True
                self.status = self.process.wait()
                time.sleep(delay)
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                kind = self.read(line)
                if kind == event and moment is None:
                    number -= 1
                    if number <= 0:
                        moment = time.monotonic() + delay
        if later:
            later.cancel()
        rig.disk.cut()
        if later:
            later.join()
        if not self.finished:
            if random.random() < 0.5:
                self.process.kill()
            # What was reported after the cut was made durable before it, or it is a lie.
            os.set_blocking(pipe.fileno(), True)
            watchdog = threading.Timer(30, self.process.kill)
            watchdog.start()
            during = self.in_publication
            for line in (rest + pipe.read()).split(b"\n")[:-1]:
                self.read(line)
            self.status, self.in_publication = self.process.wait(), during
            if watchdog.finished.is_set():
                self.status = "a watchdog"
            watchdog.cancel()
        pipe.close()

    def read(self, line):
        """Takes note of a line, and says what it is about."""
        event = json.loads(line)
        if event["event"] == "phase" and event["phase"] == "publishing":
            self.in_publication += 1
            return "publishing"
        if event["event"] == "file" and event["state"] in ("downloaded", "resumed", "repaired", "skipped"):
            self.published.add(event["path"])
            self.in_publication -= event["state"] != "skipped"
            return "file"
        return event["event"]


random.seed(options.seed)
root = tempfile.mkdtemp(prefix="modelfetch-power-", dir=options.directory)
rig, count, endings, violations = None, collections.Counter(), collections.Counter(), []


def violate(kind, text, amount=1):
    count[kind] += amount
    violations.append(f"cut {count['cuts']}: {kind}: {text}")


def overlap(request, ranges):
    header = next((h["value"] for h in request["headers"] if h["name"].lower() == "range"), "bytes=0-")
    start = int(header.removeprefix("bytes=").split("-")[0])
    end = start + request["bodyBytesSent"]
    return sum(max(0, min(end, e) - max(start, s)) for s, e in ranges)


started = time.monotonic()
try:
    rig = Rig(root)
    while count["cuts"] < options.cuts:
        rig.disk.make()
        promised, durable, whole, sent, cuts = set(), {name: [] for name in rig.files}, False, 0, 0
        while not whole and count["cuts"] < options.cuts:
            run = Run(rig)
            count["cuts"] += 1
            cuts += not run.finished
            promised |= run.published
            killed = "killed" if run.status == -9 else f"ended with {run.status}"
            endings["after the end" if run.finished else killed] += 1
            count["in publication"] += not run.finished and run.in_publication > 0
            # Without a disk a run may end with 0 only if it was done, and all that remained was to say so.
            excused = run.status == 0 if run.finished else run.status not in (0, "a watchdog")
            if not excused and not (run.status == 0 and run.published == set(rig.files)):
                violate("failed", f"{'ended by itself' if run.finished else 'after the cut'} with {run.status}")
            for request in run.requests:
                sent += request["bodyBytesSent"]
                again = overlap(request, durable[request["path"]])
                if again:
                    violate("twice", f"{again} bytes of {request['path']}", again)
            rig.disk.unmount()
            rig.disk.attach()
            there = {name for name in rig.files if rig.contents(name) is not None}
            for name in there:
                if rig.contents(name) != rig.files[name]:
                    violate("wrong", name)
            for name in promised - there:
                violate("lost", name)
            if "checkpoint" in there and len(there) < len(rig.files):
                violate("half", f"{len(there)} of {len(rig.files)} files")
            count["promises"] += len(promised)
            durable = {name: rig.durable(name) for name in rig.files}
            count["kept in partials"] += sum(e - s for name in rig.files if name not in there for s, e in durable[name])
            whole = run.finished and run.status == 0
        if whole:
            count["downloads"] += 1
            count["again"] += sent - rig.bytes
            count["their cuts"] += cuts
        print(f"\r{count['cuts']} cuts", end="", file=sys.stderr, flush=True)
finally:
    if rig:
        rig.disk.detach()
    shutil.rmtree(root)

print(file=sys.stderr)
for violation in violations[:20]:
    print(violation, file=sys.stderr)
result = {
    "fs": options.fs, "broken": options.broken, "seed": options.seed, "cuts": count["cuts"],
    "in_publication": count["in publication"], "endings": endings, "downloads": count["downloads"],
    "promises_checked": count["promises"], "lost": count["lost"], "wrong": count["wrong"], "half": count["half"],
    "failed": count["failed"], "twice": count["twice"], "bytes_of_a_model": rig.bytes, "bytes_again": count["again"],
    "bytes_again_a_cut": count["again"] // max(1, count["their cuts"]),
    "bytes_kept_in_partials": count["kept in partials"], "seconds": round(time.monotonic() - started, 1),
}
rows = [
    ("power cuts", f"{result['cuts']} on {options.fs}, {result['in_publication']} of them while files were being published"),
    ("how the runs ended", ", ".join(f"{number} {name}" for name, number in endings.most_common())),
    ("downloads that came whole", f"{result['downloads']} of {len(rig.files)} files, {rig.bytes / 1e6:.1f} MB"),
    ("published files checked", result["promises_checked"]), ("lost", result["lost"]), ("wrong", result["wrong"]),
    ("marker without the model", result["half"]), ("runs that failed", result["failed"]),
    ("durable bytes fetched twice", result["twice"]),
    ("bytes kept in partial files", result["bytes_kept_in_partials"]),
    ("bytes fetched again", f"{result['bytes_again']}, {result['bytes_again_a_cut'] / 1024:.0f} KiB a cut"),
]
print("| | |\n|---|---|")
for name, value in rows:
    print(f"| {name} | {value} |")
print(json.dumps(result))
sys.exit(1 if any(count[kind] for kind in ("lost", "wrong", "half", "failed", "twice")) else 0)
