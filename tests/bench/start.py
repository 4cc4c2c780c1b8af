"""How long the service takes to its first answer, and what memory a process has."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import httpx


def first_answer(url: str) -> tuple[float, float]:
    """Seconds from `checkin serve` to the first answer, and MiB resident after it."""
    port = 18_000 + os.getpid() % 1_000
    started = time.perf_counter()
    environment = {**os.environ, "CHECKIN_DATABASE_URL": url}
    process = subprocess.Popen([sys.executable, "-m", "checkin", "serve", "--port", str(port)], env=environment)
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.01)
        seconds = time.perf_counter() - started
        return seconds, resident_mib(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
