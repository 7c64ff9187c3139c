"""What all rows share: the programs, the files and where they are written."""
import os, shutil, subprocess, tempfile

import loopdisk
from files import Files


class Context:
    """The programs, files and places of this run of the benchmark."""

    def __init__(self, options, root, peers):
        self.options, self.root, self.peers, self.files, self.names, self.disk = options, root, peers, Files(root), [], None
        self.binary, self.fault_server = os.path.abspath(options.binary), os.path.abspath(options.fault_server)
        self.shaped_link = options.shaped_link and os.path.abspath(options.shaped_link)

        self.help = subprocess.run([self.binary, "download", "--help"], capture_output=True, text=True).stdout

    def directory(self, name):
        path = os.path.join(self.root, name)
        os.makedirs(path, exist_ok=True)
        return path

    def authority(self):
        """The path of a certificate for 127.0.0.1 and its key, without their extensions."""
        path = os.path.join(self.root, "authority")
        if not os.path.exists(path + ".pem"):
            subprocess.run([self.peers.commands["openssl"], "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", path + ".key", "-out", path + ".pem", "-days", "2", "-subj", "/CN=127.0.0.1",
                            "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        return path

    def url_list(self, base, names):
        path = os.path.join(self.root, "urls")
        with open(path, "w") as file:
            file.writelines(f"{base}{name}\n" for name in names)
        return path

    def place(self, row):
        """Where the programs of a row write."""
        if row.place != "ext4":
            return self.directory("runs")
        if not self.disk:
            scratch = tempfile.mkdtemp(prefix="modelfetch-ext4-", dir=self.options.scratch)
            self.disk = loopdisk.LoopDisk(scratch, "ext4", megabytes=2048, options="defaults")
            self.disk.make()
        return self.disk.mount

    def close(self):
        if self.disk:
            self.disk.detach()
            shutil.rmtree(os.path.dirname(self.disk.image))
