"""Programs that are told to stop, at the moments at which that is easily lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SLEEPS = """
import asyncio, ctypes, functools, os, selectors, signal, sys
from kiosk.stopping import until_told

class Late:
    \"\"\"Seconds that the loop is to sleep. It is told as it begins to: nothing of the interpreter runs between.\"\"\"
    told = map(ctypes.CDLL(None).kill, [os.getpid()], [int(sys.argv[1])])
    __index__ = functools.partial(sum, told, 60)

class Selector(selectors.EpollSelector):
    late = Late()

    def select(self, timeout=None):
        if timeout is None and self.late is not None:
            late, self.late = self.late, None
            self._selector.poll(late, 1)  # what has come is there the next time as well
            return []
        return super().select(timeout)

async def work():
    print("sleeps", flush=True)
    await asyncio.Event().wait()

asyncio.set_event_loop_policy(type("Late", (asyncio.DefaultEventLoopPolicy,), {
    "new_event_loop": lambda self: asyncio.SelectorEventLoop(Selector())})())
asyncio.run(until_told(work()))
"""

HANGS = """
import asyncio, time
from kiosk.stopping import until_told

async def work():
    print("hangs", flush=True)
    await asyncio.to_thread(time.sleep, 60)

asyncio.run(until_told(work()))
"""


@pytest.mark.parametrize("told_by", [signal.SIGINT, signal.SIGTERM])
def test_signal_that_comes_as_the_loop_goes_to_sleep_wakes_it(told_by: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLEEPS, str(int(told_by))], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "sleeps\n", "")


def test_what_hangs_on_a_thread_keeps_nobody_waiting_and_whoever_started_it_may_have_ignored_ctrl_c() -> None:
    """A shell starts what it puts behind it so that Ctrl-C is ignored; whoever sends the signal means this program."""
    program = subprocess.Popen(
        [sys.executable, "-c", HANGS],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "hangs\n"
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()
