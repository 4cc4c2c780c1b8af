"""A station in a network namespace, on a cable that is pulled out, and on a disk that is full. Needs root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

CLONE_NEWNET = 0x40000000
DISK_BYTES = 8 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


def can_wire() -> bool:
    """Whether this process may make namespaces."""
    try:
        return os.geteuid() == 0 and subprocess.run(["ip", "netns"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class Wire:
    """A cable from this machine to a network namespace, in which nothing else is. Cut, packets are lost in silence."""

    def __init__(self, number: int, port: int) -> None:
        self.name = f"door{os.getpid() % 10_000}n{number}"
        ends = f"{self.name}a", f"{self.name}b"
        self._end = ends[0]
        net = f"10.{os.getpid() % 250 + 1}.{number}"  # another run, or one that was killed, has others
        self.url = f"http://{net}.1:{port}"
        _ip("netns", "add", self.name)
        _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        _ip("link", "set", ends[1], "netns", self.name)
        _ip("addr", "add", f"{net}.1/30", "dev", ends[0])
        _ip("link", "set", ends[0], "up")
        for words in (("addr", "add", f"{net}.2/30", "dev", ends[1]), ("link", "set", ends[1], "up")):
            _ip("-n", self.name, *words)
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.within = ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        _ip("link", "set", self._end, "down")

    def mend(self) -> None:
        _ip("link", "set", self._end, "up")

    def close(self) -> None:
        _ip("netns", "del", self.name)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread opens meanwhile, it opens in there."""
        with open("/proc/thread-self/ns/net", "rb") as here, open(f"/var/run/netns/{self.name}", "rb") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())


class FromInside(httpx.HTTPTransport):
    """To the pages of a station that are open to its own machine alone."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(trust_env=False)
        self._wire = wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._wire.inside():
            return super().handle_request(request)


class SmallDisk:
    """A file system of few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        size = f"size={DISK_BYTES}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "small", str(folder)], check=True)

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)) == size:
                        pass

    def clear(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "this thread cannot enter the namespace")
