"""Starts a program whose clock can be set while it runs: `python -m tests.kiosk.launch FILE MODULE ARGUMENT…`.

FILE holds by how many ms its clock is ahead of this machine's, as eight signed bytes."""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from pathlib import Path

_AHEAD = struct.Struct("<q")


def set_clock(file: Path, ahead_ms: int) -> None:
    with file.open("r+b" if file.exists() else "w+b") as opened:
        opened.write(_AHEAD.pack(ahead_ms))


def main() -> None:
    file, module, *arguments = sys.argv[1:]
    with open(file, "rb") as opened:
        ahead = mmap.mmap(opened.fileno(), _AHEAD.size, access=mmap.ACCESS_READ)
    real_ns = time.time_ns

    def time_ns() -> int:
        return real_ns() + int(_AHEAD.unpack_from(ahead)[0]) * 1_000_000

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
