#!/usr/bin/env python3
"""Meets modelfetch and its peers with the same bad servers, and counts what each one makes of them.

usage: Benchmarks/schedules.py [--schedules 50] [--seed 1] [--attempts 8] [--only NAME]… [--python PYTHON] [--json FILE]

A schedule is what a server (Tests/FaultServer) does to its first requests for a file of 1 to 3 MB: it drops, stalls, resets,
answers 503 with Retry-After, 200 to a range, 206 with another range, serves a changed file or a flipped byte or a log-in
page, and so on. After at most six such requests it is honest for ever, so that a tool that persists comes to the right bytes.
Every tool gets the same schedules, up to --attempts calls (until one ends with 0), --limit seconds a call, and the same two
seconds until silence counts as a stall. Counted are

  right        it ended with 0 and the file has the right SHA-256
  wrong, 0     it ended with 0 and the file is wrong or missing, unnoticed
  wrong        the final name holds other bytes than the right ones when the last call has ended, whatever its status;
               at times: when any call has ended
  stuck        three more calls against an honest server do not lead to the right file: a person must look and delete
  bytes        body bytes that the server sent, over the file's size

Each peer has the flags that suit it best (TOOLS below); wget and curl cannot check a digest, so that there is also curl
with sha256sum and rm behind it. A file that is not whole yet and stands under its final name counts as
wrong there, as it is for any program that opens it.

Needs curl, wget, aria2c (what is missing is left out), and the release builds:
  swift build -c release --product modelfetch && swift build -c release --product fault-server
--python names an interpreter that has requests; without it the Python peer uses urllib.
"""
import argparse, concurrent.futures, hashlib, json, os, random, shlex, shutil, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
release = os.path.join(here, "..", ".build", "release")
options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--schedules", type=int, default=50)
options.add_argument("--seed", type=int, default=1)
options.add_argument("--attempts", type=int, default=8)
options.add_argument("--limit", type=float, default=40, help="seconds after which a call is ended")
options.add_argument("--jobs", type=int, default=4, help="so many at once; most of the time is waiting")
options.add_argument("--only", action="append", help="a tool by the name in the table; repeatable")
options.add_argument("--python", default=sys.executable, help="the interpreter of the Python peer")
options.add_argument("--json", metavar="FILE", help="writes every single result there")
options = options.parse_args()
modelfetch, server_binary = (os.path.abspath(os.path.join(release, name)) for name in ("modelfetch", "fault-server"))
for program in (modelfetch, server_binary):
    if not os.access(program, os.X_OK):
        sys.exit(f"needs {program}")

RATE = 8_000_000
# What picoGPT's download_gpt2_files does for each file, and a timeout, which it does not have.
DOWNLOAD_GPT2_FILES = """
import sys
url, path = sys.argv[1:]
try:
    import requests
except ImportError:
    import urllib.request
    reply = urllib.request.urlopen(url, timeout=2)
    length, chunks = reply.headers["content-length"], iter(lambda: reply.read(1000), b"")
else:
    reply = requests.get(url, stream=True, timeout=2)
    reply.raise_for_status()
    length, chunks = reply.headers["content-length"], reply.iter_content(chunk_size=1000)
with open(path, "wb") as file:
    file_size = int(length)
    for chunk in chunks:
        file.write(chunk)
"""
CURL = "curl -f -sS -C - --retry 10 --retry-all-errors --retry-delay 1 --connect-timeout 5 --speed-time 2 --speed-limit 1024"
CHECK = "echo '{sha}  model.bin' | sha256sum -c --status || {{ rm model.bin; exit 1; }}"

# Each is a line of sh(1) in an empty directory, where the file is to become model.bin.
TOOLS = {
    "modelfetch": "{modelfetch} --manifest {manifest} . --source {base} --stall-timeout 2 --connect-timeout 5 --quiet",
    "curl -C -": CURL + " -o model.bin {url}",
    "curl -C -, sha256sum, rm": CURL + " -o model.bin {url} && {{ " + CHECK + "; }}",
    "wget -c": "wget -q -c --tries=10 --waitretry=1 --timeout=2 --retry-connrefused --retry-on-http-error=429,500,503 {url}",
    "aria2c -x4 --checksum": "aria2c -q -x4 -s4 -k1M -c -V --checksum=sha-256={sha} --allow-overwrite=true --always-resume=false "
    "--auto-file-renaming=false --max-tries=10 --retry-wait=1 --timeout=2 --connect-timeout=5 {url}",
    "download_gpt2_files": "{python} -c {download_gpt2_files} {url} model.bin",
}
REQUIRED = {"curl -C -": "curl", "curl -C -, sha256sum, rm": "curl", "wget -c": "wget", "aria2c -x4 --checksum": "aria2c"}


def request_faults(generator, size):
    """What happens to one request: a name, and the server's words for it."""
    at, half = generator.randrange(1, size), generator.randrange(size // 4, size)
    drop = {"drop": {"after": half}}
    changed, silently = {"content": {"of": "changed.bin"}}, {"content": {"of": "changed.bin", "keepValidators": True}}
    cuts = {
        "drop": [drop], "reset": [{"reset": {"after": half}}], "truncate": [{"truncate": {"missing": at}}],
        "stall": [{"stall": {"after": half}}], "short without a length": [{"closeDelimited": {}}, drop],
        "short chunked": [{"chunked": {}}, drop],
    }
    lies = {
        "closed before the head": [{"closeBeforeHead": {}}], "reset before the head": [{"resetBeforeHead": {}}],
        "closed in the head": [{"closeInHead": {"after": 20}}], "silence": [{"stallBeforeHead": {}}],
        "refused connections": [{"refuseConnections": {"milliseconds": 500}}],
        "503": [{"status": {"code": 503, "retryAfter": 1}}], "429": [{"status": {"code": 429, "retryAfter": 1}}],
        "500": [{"status": {"code": 500}}], "416": [{"status": {"code": 416}}],
        "200 for a range": [{"ignoreRange": {}}], "200 for a range, dropped": [{"ignoreRange": {}}, drop],
        "another range": [{"otherRange": {"start": at, "end": size - 1}}], "another total": [{"contentRange": {"total": size + 1}}],
        "no Content-Range": [{"noContentRange": {}}], "multipart": [{"multipartRange": {}}],
        "right head, shifted bytes": [{"shiftBody": {"by": 4096}}], "flipped byte": [{"flip": {"offset": at, "mask": 1}}],
        "changed file": [changed], "changed file, dropped": [changed, drop],
        "changed file, no ETag": [silently, {"noETag": {}}, {"noLastModified": {}}],
        "changed file, no ETag, dropped": [silently, {"noETag": {}}, {"noLastModified": {}}, drop],
        "shorter file": [{"content": {"of": "shorter.bin"}}], "gzip": [{"gzip": {}}], "flapping ETag": [{"flappingETag": {}}, drop],
        "log-in page": [{"captivePortal": {}}], "log-in page of the file's length": [{"captivePortal": {"padded": True}}],
    }
    kind = cuts if generator.random() < 0.45 else lies
    name = generator.choice(list(kind))
    return name, kind[name]


def make_schedule(number, root):
    generator = random.Random(f"{options.seed}/{number}")
    size = generator.randrange(1_000_000, 3_000_000)
    served = os.path.join(root, f"served-{number}")
    os.makedirs(served)
    content = generator.randbytes(size)
    for name, bytes in (("model.bin", content), ("changed.bin", generator.randbytes(size)), ("shorter.bin", content[: size // 3])):
        with open(os.path.join(served, name), "wb") as file:
            file.write(bytes)
    faults = [request_faults(generator, size) for _ in range(generator.randrange(2, 7))]
    # Paced, so that little is sent that a tool does not take: it counts as sent.
    rules = [{"faults": [{"rate": {"bytesPerSecond": RATE}}]}]
    rules += [{"requests": n, "counting": "server", "faults": words} for n, (_, words) in enumerate(faults)]
    script, manifest = (os.path.join(root, f"{name}-{number}.json") for name in ("script", "manifest"))
    sha = hashlib.sha256(content).hexdigest()
    with open(script, "w") as file:
        json.dump({"rules": rules}, file)
    with open(manifest, "w") as file:
        json.dump({"format": "modelfetch-manifest/1", "name": "schedules",
                   "files": [{"path": "model.bin", "size": size, "sha256": sha}]}, file)
    return {"number": number, "size": size, "sha": sha, "served": served, "script": script, "manifest": manifest,
            "faults": [name for name, _ in faults]}


class Server:
    """The schedule's server; without its script it is honest."""

    def __init__(self, schedule, log, port=0, honest=False):
        command = [server_binary, "--directory", schedule["served"], "--log", log, "--port", str(port)]
        self.process = subprocess.Popen(command + ([] if honest else ["--script", schedule["script"]]), stdout=subprocess.PIPE, text=True)
        self.base = self.process.stdout.readline().split()[-1]
        self.port = self.base.rstrip("/").rsplit(":", 1)[1]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def call(line, directory):
    """One call of a tool: its exit status; None if it had to be ended."""
    process = subprocess.Popen(["sh", "-c", line], cwd=directory, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(options.limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return None


def meet(tool, schedule, root):
    """A tool and a schedule: what became of it."""
    directory, log = tempfile.mkdtemp(dir=root), tempfile.mktemp(dir=root)
    final = os.path.join(directory, "model.bin")

    def state():
        if not os.path.exists(final):
            return "absent"
        with open(final, "rb") as file:
            return "right" if hashlib.file_digest(file, "sha256").hexdigest() == schedule["sha"] else "wrong"

    server, started, statuses = Server(schedule, log), time.monotonic(), []
    words = {"modelfetch": modelfetch, "manifest": schedule["manifest"], "base": server.base, "url": server.base + "model.bin",
             "sha": schedule["sha"], "python": options.python, "download_gpt2_files": DOWNLOAD_GPT2_FILES}
    line = TOOLS[tool].format(**{key: value if key == "sha" else shlex.quote(value) for key, value in words.items()})
    ever_wrong = False
    try:
        while len(statuses) < options.attempts and 0 not in statuses:
            statuses.append(call(line, directory))
            ever_wrong = ever_wrong or state() == "wrong"
    finally:
        server.stop()
    result = {"tool": tool, "schedule": schedule["number"], "faults": schedule["faults"], "statuses": statuses, "state": state(),
              "ever_wrong": ever_wrong, "seconds": round(time.monotonic() - started, 2)}
    with open(log) as file:
        result["bytes_over_size"] = round(sum(json.loads(record)["bodyBytesSent"] for record in file) / schedule["size"], 3)
    stuck = 0 not in statuses or result["state"] != "right"
    if stuck:
        server = Server(schedule, os.devnull, server.port, honest=True)
        try:
            stuck = not any(call(line, directory) == 0 and state() == "right" for _ in range(3))
        finally:
            server.stop()
    shutil.rmtree(directory)
    return result | {"stuck": stuck}


tools = [name for name in TOOLS if shutil.which(REQUIRED.get(name, "sh")) and (not options.only or name in options.only)]
root = tempfile.mkdtemp(prefix="modelfetch-schedules-")
try:
    schedules = [make_schedule(number, root) for number in range(options.schedules)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # Tools take turns, so that a busy moment of the machine does not hit only one of them.
        results = list(pool.map(lambda pair: meet(*pair, root), [(tool, s) for s in schedules for tool in tools]))
finally:
    shutil.rmtree(root)
has_requests = subprocess.run([options.python, "-c", "import requests"], stderr=subprocess.DEVNULL).returncode == 0
print(f"{options.schedules} schedules, seed {options.seed}, at most {options.attempts} calls a file; "
      f"download_gpt2_files with {'requests' if has_requests else 'urllib, which takes a short body for a whole one'}\n")
print("| | right | wrong, 0 | wrong at the end | wrong at times | stuck | calls, median | bytes, median | mean | most | seconds, median |")
print("|---|---|---|---|---|---|---|---|---|---|---|")
for tool in tools:
    mine = [result for result in results if result["tool"] == tool]
    zero = [result for result in mine if 0 in result["statuses"]]
    ratios = [result["bytes_over_size"] for result in mine]
    print(f"| `{tool}` | {sum(r['state'] == 'right' for r in zero)} | {sum(r['state'] != 'right' for r in zero)} "
          f"| {sum(r['state'] == 'wrong' for r in mine)} | {sum(r['ever_wrong'] for r in mine)} | {sum(r['stuck'] for r in mine)} "
          f"| {statistics.median(len(r['statuses']) for r in mine):g} | {statistics.median(ratios):.2f} | {statistics.mean(ratios):.2f} | {max(ratios):.2f} "
          f"| {statistics.median(r['seconds'] for r in mine):.1f} |")
if options.json:
    with open(options.json, "w") as file:
        json.dump({"seed": options.seed, "attempts": options.attempts, "lines": {t: TOOLS[t] for t in tools}, "results": results}, file, indent=1)
