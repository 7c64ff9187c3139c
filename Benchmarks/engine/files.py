"""The files that are downloaded, and their manifests, in a directory on a tmpfs."""
import hashlib, json, os, random


class Files:
    """Makes files of random bytes when they are first needed."""

    def __init__(self, root):
        self.root, self.served, self.digests = root, os.path.join(root, "served"), {}
        os.makedirs(self.served)

    def big(self, megabytes):
        """The name of a file of so many million bytes."""
        name = f"{megabytes}.bin"
        if name not in self.digests:
            generator, left = random.Random(megabytes), megabytes * 1_000_000
            digest = hashlib.sha256()
            with open(os.path.join(self.served, name), "wb") as file:
                while left:
                    block = generator.randbytes(min(left, 1 << 23))
                    file.write(block)
                    digest.update(block)
                    left -= len(block)
            self.digests[name] = digest.hexdigest()
        return name

    def sparse(self, megabytes):
        """The name of a file that is one hole."""
        name = f"sparse-{megabytes}.bin"
        if name not in self.digests:
            with open(os.path.join(self.served, name), "wb") as file:
                file.truncate(megabytes * 1_000_000)
            self.digests[name] = digest_of(os.path.join(self.served, name))
        return name

    def many(self, count, size):
        """The names of many files of `size` bytes."""
        names, generator = [f"many/{number:05}.bin" for number in range(count)], random.Random(count)
        os.makedirs(os.path.join(self.served, "many"), exist_ok=True)
        for name in names:
            content = generator.randbytes(size)
            with open(os.path.join(self.served, name), "wb") as file:
                file.write(content)
            self.digests[name] = hashlib.sha256(content).hexdigest()
        return names

    def size(self, name):
        return os.path.getsize(os.path.join(self.served, name))

    def manifest(self, names):
        """The path of a manifest of these files."""
        path = os.path.join(self.root, f"{names[0].replace('/', '-')}-{len(names)}.json")
        files = [{"path": name, "size": self.size(name), "sha256": self.digests[name]} for name in names]
        with open(path, "w") as file:
            json.dump({"format": "modelfetch-manifest/1", "name": "benchmark", "aliases": [], "directory": "benchmark",
                       "description": "files of the benchmark", "sources": [], "files": files}, file)
        return path

    def problem(self, directory, saved, name):
        """What is wrong with a downloaded file, if anything. Of holes, only the size is compared."""
        path = os.path.join(directory, saved)
        if not os.path.exists(path):
            return "the file is missing"
        if os.path.getsize(path) != self.size(name):
            return f"the file has {os.path.getsize(path)} bytes"
        if not name.startswith("sparse") and digest_of(path) != self.digests[name]:
            return "the file has other bytes"
        return None


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
