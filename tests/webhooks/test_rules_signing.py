"""What we sign, the standard's own library opens."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from apps.webhooks.rules.signing import secret_text, signature

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text("abcXYZ0189_-", min_size=1, max_size=50)
BODIES = st.dictionaries(st.text(), st.text()).map(lambda data: json.dumps(data).encode())


def headers(secrets: list[str], message_id: str, body: bytes) -> dict[str, str]:
    seconds = int(datetime.now(UTC).timestamp())
    signed = signature(secrets, message_id, seconds, body)
    return {"webhook-id": message_id, "webhook-timestamp": str(seconds), "webhook-signature": signed}


@given(key=KEYS, message_id=IDS, body=BODIES)
def test_the_standards_own_library_opens_it(key: bytes, message_id: str, body: bytes) -> None:
    secret = secret_text(key)
    assert Webhook(secret).verify(body, headers([secret], message_id, body)) == json.loads(body)


@given(keys=st.lists(KEYS, min_size=2, max_size=2, unique=True), message_id=IDS, body=BODIES)
def test_while_secrets_change_each_of_them_opens_it(keys: list[bytes], message_id: str, body: bytes) -> None:
    secrets = [secret_text(key) for key in keys]
    for secret in secrets:
        Webhook(secret).verify(body, headers(secrets, message_id, body))


@given(keys=st.lists(KEYS, min_size=2, max_size=2, unique=True), message_id=IDS, body=BODIES)
def test_another_secret_does_not_open_it(keys: list[bytes], message_id: str, body: bytes) -> None:
    right, wrong = (secret_text(key) for key in keys)
    with pytest.raises(WebhookVerificationError):
        Webhook(wrong).verify(body, headers([right], message_id, body))


def test_a_body_that_was_changed_is_not_opened() -> None:
    secret = secret_text(b"k" * 32)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{ }", headers([secret], "msg_1", b"{}"))
