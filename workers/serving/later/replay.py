"""A kept request, asked again as its caller would have asked it."""

from collections.abc import Callable

from workers.serving.errors import BadRequest, CallbackUnknown
from workers.serving.http.exchange import Headers, Reader
from workers.serving.http.response import Header, Response
from workers.serving.routing import Key

#: Headers of a request that say how its body is to be read, which revision answers, whom it is about and whose trace
#: it is.
KEPT = (
    b"content-encoding",
    b"content-type",
    b"inference-header-content-length",
    b"traceparent",
    b"x-quartet-sticky",
    b"x-quartet-subject",
    b"x-request-id",
)


#: Names the webhook endpoint that is told when the request is finished.
CALLBACK = b"x-quartet-callback"


def wants_later(headers: Headers) -> bool:
    """`Prefer: respond-async` (RFC 7240)."""
    preferences = headers.get(b"prefer")
    return preferences is not None and any(each.strip() == b"respond-async" for each in preferences.lower().split(b","))


def callback(headers: Headers, key: Key) -> int | None:
    """The webhook endpoint that a kept request's caller names, if any. Raises CallbackUnknown for any but those of the
    key's owner."""
    if CALLBACK not in headers:
        return None
    name = headers[CALLBACK].decode("latin-1").strip()
    if name not in key.callbacks:
        raise CallbackUnknown(f"The key's owner has no active webhook endpoint '{name[:100]}'.")
    return key.callbacks[name]


def refuse_callback(headers: Headers) -> None:
    """Of a request that is answered at once nobody is told. Raises BadRequest."""
    if CALLBACK in headers:
        raise BadRequest("X-Quartet-Callback needs `Prefer: respond-async`; this request would be answered at once.")


def kept(headers: Headers) -> dict[str, str]:
    """Of a request's headers those that are kept with it."""
    return {name.decode(): headers[name].decode("latin-1") for name in KEPT if name in headers}


class Replay:
    """In the place of an exchange; `then` gets the whole answer."""

    unread = 0

    def __init__(self, headers: Headers, then: Callable[[Response], None]) -> None:
        self.headers = headers
        self.reader: Reader | None = None
        self.began = False
        self.answered = False
        self._then = then

    def respond(self, response: Response) -> None:
        """The answer; only the first counts."""
        if not self.answered:
            self.began = self.answered = True
            self._then(response)

    def begin(self, status: int, headers: list[Header]) -> None:
        """Never: a request that is kept asks for no parts."""
        raise NotImplementedError

    def write(self, piece: bytes) -> None:
        """Never."""
        raise NotImplementedError

    def end(self) -> None:
        """Never."""
        raise NotImplementedError

    def when_taken(self, then: Callable[[], None]) -> None:
        """Whoever replays takes it at once."""
        then()
