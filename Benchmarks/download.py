#!/usr/bin/env python3
"""Times a verified download of one big file over loopback, side by side with `curl && openssl dgst` and other peers.

usage: Benchmarks/download.py [--megabytes 500] [--rounds 7] [--binary .build/release/modelfetch] [--python python3]

Needs nginx, curl and openssl. aria2c is measured if it is installed; the loop of picoGPT's download_gpt2_files and the Hugging Face
client if the Python that --python names has requests and huggingface_hub. Everything is in /dev/shm (a tmpfs), so that no disk is
measured. The programs take turns; medians are printed, and the ratio of modelfetch to each.
"""
import argparse, os, shutil, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0], sys.dont_write_bytecode = [os.path.join(here, "engine")], True
from files import Files
from measure import peak_memory
from settings import free_port, nginx_configuration, stop, wait_for_port

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


def timed(command, cwd):
    """Wall seconds of a shell command that must succeed."""
    start = time.monotonic()
    process = subprocess.run(["sh", "-c", command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.monotonic() - start
    if process.returncode != 0:
        sys.exit(f"failed: {command}\n{process.stderr.decode()}")
    return seconds


def watched(command, cwd):
    """The peak resident memory in MB of a program."""
    process, peak = subprocess.Popen(command.split(), cwd=cwd, stdout=subprocess.DEVNULL), 0
    while process.poll() is None:
        peak = max(peak, peak_memory(process.pid))
        time.sleep(0.005)
    return peak


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
hf_hub_download("owner/model", sys.argv[2], local_dir="out")
"""

root = tempfile.mkdtemp(prefix="modelfetch-benchmark-", dir="/dev/shm")
os.chmod(root, 0o755)  # nginx gives up root, and must still read what it serves
nginx = None
try:
    files = Files(root)
    big = files.big(options.megabytes)
    manifest, digest, port = files.manifest([big]), files.digests[big], free_port()
    config = os.path.join(root, "nginx.conf")
    with open(config, "w") as file:
        file.write(nginx_configuration(root, files.served, f"127.0.0.1:{port}", f"""location /owner/model/resolve/main/ {{
            alias {files.served}/; add_header X-Repo-Commit {"0" * 40}; }}"""))
    nginx = subprocess.Popen(["nginx", "-c", config, "-p", root], stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for_port(port)
    url = f"http://127.0.0.1:{port}/"
    fetch = f"{binary} --manifest {manifest} out --source {url} --quiet"
    peers = {
        "modelfetch": fetch,
        "curl && openssl dgst": f"curl -s -o f {url}{big} && openssl dgst -sha256 f",
        "curl, nothing verified": f"curl -s -o f {url}{big}",
    }
    if shutil.which("aria2c"):
        peers["aria2c --checksum"] = f"aria2c -q --checksum=sha-256={digest} -o f {url}{big}"
    if subprocess.run([options.python, "-c", "import requests"], stderr=subprocess.DEVNULL).returncode == 0:
        script = os.path.join(root, "download.py")
        with open(script, "w") as file:
            file.write(PYTHON)
        peers["requests, 1000-byte chunks"] = f"{options.python} {script} {url}{big} f"
    if subprocess.run([options.python, "-c", "import huggingface_hub"], stderr=subprocess.DEVNULL).returncode == 0:
        script = os.path.join(root, "hub.py")
        with open(script, "w") as file:
            file.write(HUB)
        peers["huggingface_hub"] = f"{options.python} {script} {url} {big}"
    seconds = {name: [] for name in peers}
    cwd = tempfile.mkdtemp(dir=root)
    memory = watched(fetch, cwd)
    shutil.rmtree(cwd)
    rerun, verify, openssl, start = [], [], [], []
    for _ in range(options.rounds):
        for name, command in peers.items():
            cwd = tempfile.mkdtemp(dir=root)
            seconds[name].append(timed(command, cwd))
            if name == "modelfetch":
                rerun.append(timed(fetch, cwd))
                verify.append(timed(f"{binary} verify out --manifest {manifest} --quiet", cwd))
                openssl.append(timed(f"openssl dgst -sha256 out/{big}", cwd))
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
        stop(nginx)
    shutil.rmtree(root)
