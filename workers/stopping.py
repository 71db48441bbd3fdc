"""SIGTERM and SIGINT, told to threads in a way that cannot hang."""

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue


def on_signals(numbers: tuple[signal.Signals, ...], act: Callable[[], object]) -> None:
    """Call `act` in a thread of its own whenever one of these signals has come; to be called in the main thread.

    A handler runs in the main thread, wherever that is: were it to set an event that the main thread is about to wait
    for, it could wait for the event's lock for ever, since its own thread holds it. A `SimpleQueue` may be interrupted
    by itself.
    """
    came: SimpleQueue[int] = SimpleQueue()

    def listen() -> None:
        while True:
            came.get()
            act()

    threading.Thread(target=listen, name="signals", daemon=True).start()
    for number in numbers:
        signal.signal(number, lambda came_number, _: came.put(came_number))
