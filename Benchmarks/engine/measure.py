"""Runs a command with a time limit and measures it. As a script, it does so inside another network namespace:
measure.py RESULT.json SECONDS COMMAND, in the directory where it is started."""
import dataclasses, json, os, signal, subprocess, sys, threading, time


@dataclasses.dataclass
class Run:
    """What one run of a program took."""
    seconds: float = 0.0  # wall time
    cpu: float = 0.0  # user and system time of the command and its children
    memory: float | None = None  # the peak resident memory in MB, if it was watched
    problem: str | None = None  # why the run does not count
    extra: dict = dataclasses.field(default_factory=dict)  # figures of the server


def peak_memory(pid):
    """The peak resident memory of a process in MB so far. Its rusage would count that of this script, which it was forked from."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return max((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")), default=0)
    except (OSError, ValueError):
        return 0


def end_group(pid):
    """Ends a process and what it has started, which has its process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(command, directory, limit, watches_memory=False):
    """Runs a line of sh(1) in a directory, for `limit` seconds at most."""
    start = time.monotonic()
    process = subprocess.Popen(["sh", "-c", command], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    late = threading.Event()
    timer = threading.Timer(limit, lambda: (late.set(), end_group(process.pid)))
    errors, peak = [], 0
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)
    timer.start()
    reader.start()
    try:
        if watches_memory:
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                peak = max(peak, peak_memory(process.pid))
                time.sleep(0.005)
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
        end_group(process.pid)
    seconds = time.monotonic() - start
    reader.join(2)
    process.returncode = os.waitstatus_to_exitcode(status)
    result = Run(seconds, usage.ru_utime + usage.ru_stime, peak if watches_memory else None)
    if late.is_set():
        result.problem = f"not done after {limit:.0f} s"
    elif process.returncode:
        text = b"".join(errors).decode(errors="replace").strip().splitlines()
        result.problem = f"ended with {process.returncode}" + (f": {text[-1][:200]}" if text else "")
    return result


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump(dataclasses.asdict(run(sys.argv[3], os.getcwd(), float(sys.argv[2]))), file)
