#!/usr/bin/env python3
"""Kills a download of one big file with SIGKILL at random moments, and counts what each kill cost in bytes sent twice.

usage: Benchmarks/kills.py [--megabytes 500] [--kills 20] [--rate 20000000] [--seed 1]

Needs the release builds of modelfetch and fault-server:
  swift build -c release --product modelfetch && swift build -c release --product fault-server
"""
import argparse, hashlib, json, os, random, shutil, signal, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
release = os.path.join(here, "..", ".build", "release")
options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--megabytes", type=int, default=500)
options.add_argument("--kills", type=int, default=20)
options.add_argument("--rate", type=int, default=20_000_000, help="bytes a second that the server sends")
options.add_argument("--seed", type=int, default=1)
options = options.parse_args()
modelfetch, server_binary = (os.path.abspath(os.path.join(release, name)) for name in ("modelfetch", "fault-server"))
for program in (modelfetch, server_binary):
    if not os.access(program, os.X_OK):
        sys.exit(f"needs {program}")

random.seed(options.seed)
root = tempfile.mkdtemp(prefix="modelfetch-kills-", dir="/dev/shm")
server = None
try:
    served, log = os.path.join(root, "served"), os.path.join(root, "log")
    os.makedirs(served)
    digest, size = hashlib.sha256(), options.megabytes * 1_000_000
    with open(os.path.join(served, "big.bin"), "wb") as file:
        for _ in range(options.megabytes):
            block = random.randbytes(1_000_000)
            file.write(block)
            digest.update(block)
    with open(os.path.join(root, "big.json"), "w") as file:
        json.dump({"format": "modelfetch-manifest/1", "name": "big", "aliases": [], "directory": "big", "description": "kills",
                   "sources": [], "files": [{"path": "big.bin", "size": size, "sha256": digest.hexdigest()}]}, file)
    with open(os.path.join(root, "script.json"), "w") as file:
        json.dump({"rules": [{"path": "*", "faults": [{"rate": {"bytesPerSecond": options.rate}}]}]}, file)
    server = subprocess.Popen([server_binary, "--directory", served, "--script", os.path.join(root, "script.json"), "--log", log],
                              stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().split()[-1]
    command = [modelfetch, "--manifest", os.path.join(root, "big.json"), os.path.join(root, "out"), "--source", url, "--quiet", "--json"]

    def sent():
        with open(log) as file:
            return sum(json.loads(line).get("bodyBytesSent", 0) for line in file if line.strip())

    span = size / options.rate / (options.kills + 1)
    kills = 0
    while kills < options.kills:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.2, 1.8) * span)
        if process.poll() is not None:
            sys.exit("a run ended before it was killed: choose a larger file or a lower rate")
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        if os.path.exists(os.path.join(root, "out", "big.bin")):
            sys.exit("the final name was there before the file was whole")
    last = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    report = json.loads(last.stdout.splitlines()[-1])
    requests_after = open(log).read().count("\n")
    again = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)  # The log is written when a request has ended.
    with open(os.path.join(root, "out", "big.bin"), "rb") as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == digest.hexdigest()
    twice = sent() - size
    print(f"{options.megabytes} MB at {options.rate / 1e6:.0f} MB/s, {kills} kills: exit {last.returncode}, "
          f"{'right' if right else 'WRONG'}, {twice} bytes sent twice, {twice / kills / 1024:.0f} KiB a kill; "
          f"last run reused {report['bytes_reused']}; another run: exit {again.returncode}, "
          f"{open(log).read().count(chr(10)) - requests_after} requests")
finally:
    if server:
        server.terminate()
        server.wait()
    shutil.rmtree(root)
