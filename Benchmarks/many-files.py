#!/usr/bin/env python3
"""How long a run takes over many small files: with everything to be hashed, from a server, and with nothing to do.

Needs Python and a modelfetch (--binary). Makes and removes directories below --directory, which should be on a tmpfs or a fast disk:
the files are a few bytes each, and what is measured is what modelfetch does for every one of them.

    Benchmarks/many-files.py [--binary .build/release/modelfetch] [--counts 1000 20000 100000] [--served 1000]
"""
import argparse, hashlib, http.server, json, os, resource, shutil, subprocess, sys, tempfile, threading, time


def content(number):
    return b"%d\n" % number


def names(count):
    """Half of them in one directory, the others in directories of a hundred."""
    return [f"part-{n:06}.bin" if n % 2 else f"shards/{n // 200:04}/part-{n:06}.bin" for n in range(count)]


def manifest(count, source):
    files = [{"path": name, "size": len(content(n)), "sha256": hashlib.sha256(content(n)).hexdigest()}
             for n, name in enumerate(names(count))]
    return {"format": "modelfetch-manifest/1", "name": "many-files", "sources": [source], "files": files}


def serve(count):
    """A server of the files, on a port of its own."""
    bodies = {"/" + name: content(n) for n, name in enumerate(names(count))}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

        def do_GET(self):
            body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/"


def run(arguments):
    """Seconds of wall time and of processor time."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    result = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {result.returncode}:\n{result.stderr.decode()[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(options, count, is_served):
    place = tempfile.mkdtemp(prefix="many-files-", dir=options.directory)
    try:
        server, source = serve(count) if is_served else (None, "http://127.0.0.1:1/")
        path, model = place + "/manifest.json", place + "/model"
        with open(path, "w") as file:
            json.dump(manifest(count, source), file, separators=(",", ":"))
        if not is_served:
            for number, name in enumerate(names(count)):
                os.makedirs(os.path.dirname(f"{model}/{name}"), exist_ok=True)
                with open(f"{model}/{name}", "wb") as file:
                    file.write(content(number))
        command = [options.binary, "--manifest", path, model, "--no-sync", "--progress", "none"]
        first, idle = run(command), sorted(run(command) for _ in range(options.rounds))[options.rounds // 2]
        what = "fetched" if is_served else "hashed"
        size = os.path.getsize(model + "/.modelfetch/receipts.json")
        print(f"{count:7} files: {what} in {first[0]:.2f} s; then nothing to do: {idle[0]:.2f} s"
              f" ({idle[1]:.2f} s of processor time); receipts of {size / 1e6:.1f} MB", flush=True)
        if server:
            server.shutdown()
    finally:
        shutil.rmtree(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/modelfetch")
    parser.add_argument("--directory", default="/dev/shm")
    parser.add_argument("--counts", type=int, nargs="*", default=[1000, 20000, 100000])
    parser.add_argument("--served", type=int, nargs="*", default=[1000], help="how many files are fetched from a server")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for count in options.counts:
        measure(options, count, is_served=False)
    for count in options.served:
        measure(options, count, is_served=True)


main()
