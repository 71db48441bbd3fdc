"""Standard Webhooks' signatures (https://www.standardwebhooks.com), of the kind `v1`: HMAC-SHA256."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

_START = "whsec_"
#: Random bytes of a secret; the standard asks for 24 to 64.
SECRET_BYTES = 32


def secret_text(key: bytes) -> str:
    """A secret as it is shown to people."""
    return _START + base64.b64encode(key).decode()


def signature(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature a secret, so that either opens it while one replaces the other.

    `timestamp` in unix seconds. What is signed is `<id>.<timestamp>.<body>`, so an id must not hold a full stop.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets)


def _mac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_START))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
