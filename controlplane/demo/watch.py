"""Looks on as the dashboard does: by websocket, with a session of its own, and measures how far behind it is."""

import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import connect
from websockets.typing import Origin

from controlplane.embedded.errors import OperatorError


def live_numbers(url: str, username: str, password: str, topic: str, seconds: float = 20) -> dict[str, Any]:
    """Wait for the first pulse with traffic on `topic`; returns its numbers with `behind_s`.

    `behind_s` is the age in seconds, on arrival here, of the newest moment that the numbers tell of.
    """
    address = f"ws://{urlsplit(url).netloc}/live/"
    headers = {"Cookie": _session(url, username, password)}
    with connect(address, additional_headers=headers, origin=Origin(url)) as socket:
        socket.send(json.dumps({"subscribe": topic}))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pulse = json.loads(socket.recv(timeout=seconds))
            numbers = pulse.get("numbers") or {}
            if numbers.get("rate") and pulse["behind"] is not None:
                return {**numbers, "behind_s": round(pulse["behind"] + time.time() - pulse["at"], 2)}
    raise OperatorError(f"No live numbers of {topic} came by websocket within {seconds:.0f} s.")


def _session(url: str, username: str, password: str) -> str:
    """Sign in at the login page; returns the Cookie header."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30) as http:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get("/login/").text)
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""}
        http.post("/login/", data=form, headers={"Referer": f"{url}/login/"})
        return "; ".join(f"{name}={value}" for name, value in http.cookies.items())
