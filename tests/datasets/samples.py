"""Samples to freeze."""

from django.db import transaction

from apps.datasets.rules import Described
from apps.datasets.services import Content, assets_keep


def asset(text: str) -> str:
    """The digest of a kept text."""
    with transaction.atomic():
        [sha256] = assets_keep(contents=[Content(text.encode(), "text/plain; charset=utf-8")])
    return sha256


def sample(text: str, label: str, *slices: str, **more: object) -> Described:
    """A labelled text whose file is kept."""
    return Described({"text": asset(text)}, label, slices, **more)  # type: ignore[arg-type]
