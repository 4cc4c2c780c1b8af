"""Reads an attendee list in a process of its own: what a file may cost in memory and time is bounded there, and no
door waits while a large one is read. `read_apart` asks it; `python -m checkin.exchange.reader` is it."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, CheckinError, TooLarge
from checkin.core.model import Group
from checkin.exchange.attendees import AttendeeList, Reading, read_attendees

MEMORY_BYTES_MAX = 3 * 1024 * 1024 * 1024
READ_S_MAX = 120


class Asked(Struct):
    content: bytes
    name: str
    groups: list[Group]
    reading: Reading


class Answered(Struct, omit_defaults=True):
    """The list, or why there is none."""

    listed: AttendeeList | None = None
    message: str = ""
    code: str = ""
    too_large: bool = False


async def read_apart(content: bytes, *, name: str, groups: Sequence[Group], reading: Reading) -> AttendeeList:
    """As `read_attendees` with `partial`, in a process of its own.

    Raises what that raises, and `TooLarge` where the file needs more memory or time than is given.
    """
    asked = msgspec.msgpack.encode(Asked(content, name, list(groups), reading))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "checkin.exchange.reader",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READ_S_MAX):
            answer, _ = await process.communicate(asked)
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not answer:
        raise TooLarge(f"{name} needs too much memory or time to be read. Save it anew as CSV, or split it.")
    answered = await asyncio.to_thread(msgspec.msgpack.decode, answer, type=Answered)
    if answered.listed is not None:
        return answered.listed
    raise (TooLarge if answered.too_large else BadInput)(answered.message, code=answered.code)


def main() -> None:
    """One list from standard input, its answer to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (READ_S_MAX, READ_S_MAX))
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked)
    try:
        listed = read_attendees(
            asked.content, name=asked.name, groups=asked.groups, reading=asked.reading, partial=True
        )
        answered = Answered(listed=listed)
    except CheckinError as error:
        answered = Answered(message=error.message, code=error.code, too_large=isinstance(error, TooLarge))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answered))


if __name__ == "__main__":
    main()
