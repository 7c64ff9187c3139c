"""A file system in an image on a loop device, whose power can be cut. Used by powercuts.py and engine; needs root."""
import fcntl, os, random, struct, subprocess, sys, time

FS_IOC_SHUTDOWN, LOGFLUSH, NOLOGFLUSH = 0x8004587D, 1, 2  # ioctl_xfs_goingdown(2); ext4 has the same numbers
MOUNTS = {"ext4": ["defaults", "commit=1", "commit=1,data=writeback,noauto_da_alloc", "nodelalloc"], "xfs": ["defaults"]}
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
MEGABYTES = {"ext4": 64, "xfs": 320}  # the least that mkfs.xfs takes is 300


class LoopDisk:
    def __init__(self, root, kind, megabytes=None, options=None):
        """`options` are for mount(8); by default they differ from time to time."""
        self.megabytes, self.options = megabytes or MEGABYTES[kind], [options] if options else MOUNTS[kind]
        self.kind, self.image, self.device, self.mount = kind, os.path.join(root, "image"), None, os.path.join(root, "disk")
        os.mkdir(self.mount)

    def make(self):
        """A fresh file system."""
        self.detach()
        with open(self.image, "wb") as file:
            file.truncate(self.megabytes << 20)
        self.device = subprocess.check_output(["losetup", "-f", "--show", self.image], text=True).strip()
        subprocess.run(MAKE[self.kind] + [self.device], check=True)
        self.attach()

    def attach(self):
        subprocess.run(["mount", "-o", random.choice(self.options), self.device, self.mount], check=True)

    def unmount(self):
        for _ in range(100):  # what held it may take a moment to go
            if subprocess.run(["umount", self.mount], stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.02)
        sys.exit(f"cannot unmount {self.mount}")

    def detach(self):
        if self.device:
            if os.path.ismount(self.mount):
                self.unmount()
            subprocess.run(["losetup", "-d", self.device], check=True)
            self.device = None

    def cut(self):
        """What is not durable is lost, and every call that reaches the disk fails, until it is unmounted and attached again.

        In one of five cuts the file system's log is still written, and the files' bytes are not."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        flag = LOGFLUSH if random.random() < 0.2 else NOLOGFLUSH
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", flag))
        os.close(descriptor)
