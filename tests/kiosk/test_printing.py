"""A label printer's program, with a real centre and a printer that listens on a port."""

from __future__ import annotations

import socket
import struct
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.__main__ import main
from kiosk.printing import BadgeFault, File, Network, PrinterFault, Queue, print_next, target_of
from tests.served import Served, serve
from tests.venue import SLUG


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as one:
        yield one


@pytest.fixture
def printer() -> Iterator[tuple[int, list[bytes]]]:
    """A port that takes what comes, connection by connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    taken: list[bytes] = []

    def take() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                taken.append(b"".join(iter(partial(connection.recv, 65_536), b"")))

    threading.Thread(target=take, daemon=True).start()
    yield listening.getsockname()[1], taken
    listening.close()


def queued(served: Served, *who: str) -> None:
    desk = served.client("desk")
    for one in who:
        desk.post("/prints", json={"id": str(uuid.uuid4()), "badge": f"badge-{one}"}).raise_for_status()


def states(served: Served) -> list[tuple[str, str]]:
    return sorted((one["name"], one["state"]) for one in served.client("desk").get("/prints").json()["prints"])


def test_label_printer_prints_what_waits(served: Served, printer: tuple[int, list[bytes]]) -> None:
    queued(served, "a1", "a2")
    port, taken = printer
    command = ["print", served.url, SLUG, "--to", f"tcp://127.0.0.1:{port}", "--token-stdin", "--once"]
    result = CliRunner().invoke(main, command, input=served.device("desk"))
    assert result.exit_code == 0, result.output
    assert states(served) == [("Ada Nr a1", "printed"), ("Ada Nr a2", "printed")]
    labels = [data for data in taken if data]
    assert len(labels) == 2
    assert all(label.startswith(b"^XA") and label.rstrip().endswith(b"^XZ") for label in labels)


def test_printer_that_is_off_takes_nothing(served: Served) -> None:
    queued(served, "a1")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    with pytest.raises(PrinterFault):
        print_next(queue, target_of("tcp://127.0.0.1:1"), "zpl", "label62x100")
    assert states(served) == [("Ada Nr a1", "waiting")]
    queue.close()


def test_badge_that_cannot_be_printed_is_reported_and_the_next_one_goes_on(served: Served, tmp_path: Path) -> None:
    queued(served, "a1")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    paper = tmp_path / "paper"
    with pytest.raises(PrinterFault):
        print_next(queue, File(paper), "zpl", "no such format")
    assert states(served) == [("Ada Nr a1", "failed")]
    queued(served, "a2")
    assert print_next(queue, File(paper), "pdf", "a6") is not None
    assert paper.read_bytes().startswith(b"%PDF")
    queue.close()


@pytest.mark.parametrize(
    ("kind", "format", "said"), [("zpl", "bogus", "There is no format"), ("zpl", "a6", "is in colour")]
)
def test_format_that_cannot_be_takes_nothing(served: Served, tmp_path: Path, kind: str, format: str, said: str) -> None:
    queued(served, "a1")
    command = ["print", served.url, SLUG, "--to", str(tmp_path / "paper"), "--token-stdin", "--once"]
    result = CliRunner().invoke(main, [*command, "--as", kind, "--format", format], input=served.device("desk"))
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert states(served) == [("Ada Nr a1", "waiting")]


def listening(deed: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a printer that takes a job as `deed` does; connections that only knock are let go."""
    server = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            if connection.recv(1, socket.MSG_PEEK):
                deed(connection)
            connection.close()

    threading.Thread(target=take, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def test_printer_that_hangs_up_in_the_middle_of_a_job_has_not_printed(served: Served) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    queued(served, "a1")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    for port in listening(reset):
        with pytest.raises(BadgeFault):
            print_next(queue, Network("127.0.0.1", port), "zpl", "label62x100")
    (one,) = served.client("desk").get("/prints").json()["prints"]
    assert (one["state"], one["fault"]) == ("failed", "broke_off")
    queue.close()


def test_printer_that_never_hangs_up_has_printed_once_the_time_is_over(served: Served) -> None:
    over = threading.Event()

    def hold(connection: socket.socket) -> None:
        over.wait(20)

    queued(served, "a1")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    for port in listening(hold):
        assert print_next(queue, Network("127.0.0.1", port, close_s=0.2), "zpl", "label62x100") is not None
        over.set()
    assert states(served) == [("Ada Nr a1", "printed")]
    queue.close()


def test_desk_is_told_of_a_printer_that_cannot_be_reached_and_that_it_can_again(
    served: Served, printer: tuple[int, list[bytes]]
) -> None:
    desk = served.client("desk")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    with pytest.raises(PrinterFault):
        print_next(queue, Network("127.0.0.1", 1), "zpl", "label62x100")
    (told,) = desk.get("/prints").json()["unreachable"]
    assert (told["name"], "Connection refused" in told["fault"]) == ("Zebra", True)
    assert print_next(queue, Network("127.0.0.1", printer[0]), "zpl", "label62x100") is None
    assert desk.get("/prints").json()["unreachable"] == []
    queue.close()


def test_letters_that_no_font_has_are_reported_as_letters(served: Served, tmp_path: Path) -> None:
    desk = served.client("desk")
    desk.patch("/attendees/a1", json={"given_name": "\U00012000"})
    queued(served, "a1")
    queue = Queue(served.url, SLUG, served.device("desk"), "Zebra")
    with pytest.raises(BadgeFault):
        print_next(queue, File(tmp_path / "paper"), "zpl", "label62x100")
    (one,) = desk.get("/prints").json()["prints"]
    assert (one["fault"], one["said"]) == ("letters", "\U00012000")
    queue.close()


@pytest.mark.parametrize("to", ["tcp://", "lp:"])
def test_unclear_target_is_wrong_use(to: str) -> None:
    result = CliRunner().invoke(main, ["print", "http://127.0.0.1:1", SLUG, "--to", to, "--token-stdin"], input="x\n")
    assert result.exit_code == 2
    assert "missing" in result.output


def test_token_of_a_display_is_refused_with_what_to_do(served: Served, tmp_path: Path) -> None:
    command = ["print", served.url, SLUG, "--to", str(tmp_path / "paper"), "--token-stdin", "--once"]
    result = CliRunner().invoke(main, command, input=served.device("display"))
    assert result.exit_code == 1
    assert "token one of a desk device" in result.output
