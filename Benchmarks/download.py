#!/usr/bin/env python3
"""Times a verified download of one big file over loopback, side by side with `curl && openssl dgst` and other peers.

usage: Benchmarks/download.py [--megabytes 500] [--rounds 7] [--binary .build/release/modelfetch] [--python python3]

Needs nginx, curl and openssl. aria2c is measured if it is installed; the loop of picoGPT's download_gpt2_files and the Hugging Face
client if the Python that --python names has requests and huggingface_hub. Everything is in /dev/shm (a tmpfs), so that no disk is
measured. The programs take turns; medians are printed, and the ratio of modelfetch to each.
"""
import argparse, hashlib, json, os, random, shutil, socket, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--megabytes", type=int, default=500)
options.add_argument("--rounds", type=int, default=7)
options.add_argument("--binary", default=os.path.join(here, "..", ".build", "release", "modelfetch"))
options.add_argument("--python", default=sys.executable)
options = options.parse_args()
binary = os.path.abspath(options.binary)
for program in (binary, "nginx", "curl", "openssl"):
    if not shutil.which(program):
        sys.exit(f"needs {program}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def timed(command, cwd):
    """Wall seconds of a shell command that must succeed."""
    start = time.monotonic()
    process = subprocess.run(["sh", "-c", command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.monotonic() - start
    if process.returncode != 0:
        sys.exit(f"failed: {command}\n{process.stderr.decode()}")
    return seconds


def peak_memory(command, cwd):
    """The peak resident memory in MB of a program, asked of the kernel while it runs (its rusage would count this script's)."""
    process, peak = subprocess.Popen(command.split(), cwd=cwd, stdout=subprocess.DEVNULL), 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as file:
                peak = max([peak] + [int(line.split()[1]) for line in file if line.startswith("VmHWM")])
        except (OSError, ValueError):
            pass
        time.sleep(0.005)
    return peak / 1024


# What download_gpt2_files does for each file.
PYTHON = """
import requests, sys
reply = requests.get(sys.argv[1], stream=True)
reply.raise_for_status()
with open(sys.argv[2], "wb") as file:
    for chunk in reply.iter_content(chunk_size=1000):
        file.write(chunk)
"""

# What `hf download` does for one file: it checks the size and nothing else.
HUB = """
import os, sys
os.environ.update(HF_ENDPOINT=sys.argv[1].rstrip("/"), HF_HOME=os.path.abspath("hub"), HF_HUB_DISABLE_XET="1",
                  HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_TELEMETRY="1")
from huggingface_hub import hf_hub_download
hf_hub_download("owner/model", "big.bin", local_dir="out")
"""

root = tempfile.mkdtemp(prefix="modelfetch-benchmark-", dir="/dev/shm")
os.chmod(root, 0o755)  # nginx gives up root, and must still read what it serves
nginx = None
try:
    served = os.path.join(root, "served")
    os.makedirs(served)
    digest, generator, size = hashlib.sha256(), random.Random(1), options.megabytes * 1_000_000
    with open(os.path.join(served, "big.bin"), "wb") as file:
        left = size
        while left:
            block = generator.randbytes(min(left, 1 << 24))
            file.write(block)
            digest.update(block)
            left -= len(block)
    manifest = os.path.join(root, "big.json")
    with open(manifest, "w") as file:
        json.dump({"format": "modelfetch-manifest/1", "name": "big", "aliases": [], "directory": "big", "description": "benchmark",
                   "sources": [], "files": [{"path": "big.bin", "size": size, "sha256": digest.hexdigest()}]}, file)
    port = free_port()
    config = os.path.join(root, "nginx.conf")
    with open(config, "w") as file:
        file.write(f"""daemon off; pid {root}/nginx.pid; error_log {root}/error.log; worker_processes 1;
            events {{ worker_connections 64; }}
            http {{ access_log off; sendfile on; client_body_temp_path {root}/t; proxy_temp_path {root}/t;
                    fastcgi_temp_path {root}/t; uwsgi_temp_path {root}/t; scgi_temp_path {root}/t;
                    server {{ listen 127.0.0.1:{port}; root {served};
                        location /owner/model/resolve/main/ {{ alias {served}/; add_header X-Repo-Commit {"0" * 40}; }}
                    }} }}""")
    nginx = subprocess.Popen(["nginx", "-c", config, "-p", root], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    url = f"http://127.0.0.1:{port}/"
    fetch = f"{binary} --manifest {manifest} out --source {url} --quiet"
    peers = {
        "modelfetch": fetch,
        "curl && openssl dgst": f"curl -s -o f {url}big.bin && openssl dgst -sha256 f",
        "curl, nothing verified": f"curl -s -o f {url}big.bin",
    }
    if shutil.which("aria2c"):
        peers["aria2c --checksum"] = f"aria2c -q --checksum=sha-256={digest.hexdigest()} -o f {url}big.bin"
    if subprocess.run([options.python, "-c", "import requests"], stderr=subprocess.DEVNULL).returncode == 0:
        script = os.path.join(root, "download.py")
        with open(script, "w") as file:
            file.write(PYTHON)
        peers["requests, 1000-byte chunks"] = f"{options.python} {script} {url}big.bin f"
    if subprocess.run([options.python, "-c", "import huggingface_hub"], stderr=subprocess.DEVNULL).returncode == 0:
        script = os.path.join(root, "hub.py")
        with open(script, "w") as file:
            file.write(HUB)
        peers["huggingface_hub"] = f"{options.python} {script} {url}"
    seconds = {name: [] for name in peers}
    cwd = tempfile.mkdtemp(dir=root)
    memory = peak_memory(fetch, cwd)
    shutil.rmtree(cwd)
    rerun, verify, openssl, start = [], [], [], []
    for _ in range(options.rounds):
        for name, command in peers.items():
            cwd = tempfile.mkdtemp(dir=root)
            seconds[name].append(timed(command, cwd))
            if name == "modelfetch":
                rerun.append(timed(fetch, cwd))
                verify.append(timed(f"{binary} verify out --manifest {manifest} --quiet", cwd))
                openssl.append(timed("openssl dgst -sha256 out/big.bin", cwd))
                start += [timed(f"exec {binary} --version", cwd) for _ in range(3)]
            shutil.rmtree(cwd)
    ours = statistics.median(seconds["modelfetch"])
    print(f"{options.megabytes} MB over loopback into tmpfs, medians of {options.rounds}")
    for name in peers:
        median = statistics.median(seconds[name])
        print(f"  {name:26} {median:6.2f} s   modelfetch takes {ours / median:4.2f} x of it")
    print(f"  {'modelfetch --version':26} {statistics.median(start) * 1000:6.0f} ms")
    print(f"  {'modelfetch, peak memory':26} {memory:6.0f} MB")
    print(f"  {'modelfetch again':26} {statistics.median(rerun) * 1000:6.0f} ms")
    print(f"  {'modelfetch verify':26} {statistics.median(verify):6.2f} s   {statistics.median(verify) / statistics.median(openssl):4.2f} x of openssl dgst -sha256")
finally:
    if nginx:
        nginx.terminate()
        nginx.wait()
    shutil.rmtree(root)
