"""Signals and the time limit, which make a campaign leave."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def leaving(leave: Callable[[str, int], None], seconds: float | None) -> Iterator[None]:
    """SIGTERM, Ctrl-C and the time limit call ``leave(why, number)``; from the second signal on they do what they did.

    The number is that of the signal, 0 for the time limit.
    """
    alarm = getattr(signal, "SIGALRM", None)  # not on every system
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread alone; the limit is still watched between steps
        return
    before = {}

    def asked(number: int, frame: object) -> None:
        for one, handler in before.items():
            signal.signal(one, handler)
        if number == alarm:
            leave("the time limit is reached", 0)
        leave(signal.Signals(number).name, number)

    for number in (signal.SIGINT, signal.SIGTERM, *([alarm] if alarm and seconds is not None else [])):
        before[number] = signal.signal(number, asked)
    try:
        if alarm in before:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        yield
    finally:
        if alarm in before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
