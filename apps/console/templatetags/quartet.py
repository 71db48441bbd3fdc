"""How templates write numbers, times, states and things to copy."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.console import figures
from apps.core.clock import now

register = template.Library()
register.filter("count", figures.count)
register.filter("size", figures.size)
register.filter("percent", figures.share)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the moment itself on hover; static/js/ago.js keeps it true."""
    if moment is None:
        return figures.UNKNOWN
    words = figures.ago((now() - moment).total_seconds())
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        words,
    )


@register.simple_tag
def ahead(moment: datetime | None) -> SafeString | str:
    """How long until then, with the moment itself on hover."""
    if moment is None:
        return figures.UNKNOWN
    words = figures.ahead((moment - now()).total_seconds())
    shown = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), shown, words)


@register.simple_tag
def duration(start: datetime | None, end: datetime | None) -> str:
    """The time between two moments."""
    return figures.milliseconds((end - start).total_seconds() * 1000) if start and end else figures.UNKNOWN


@register.inclusion_tag("console/parts/chip.html")
def chip(state: Any) -> dict[str, Any]:
    """A state's word on its colour; its reason on hover."""
    return {"state": state}


@register.inclusion_tag("console/parts/figure.html")
def figure(texts: dict[str, str], key: str) -> dict[str, str]:
    """A number that pulses keep present."""
    return {"key": key, "text": texts.get(key, figures.UNKNOWN)}


@register.inclusion_tag("console/parts/copy.html")
def copy(text: str, shown: str = "", label: str = "") -> dict[str, str]:
    """Text that a click copies; `shown` may be a shorter form of it."""
    return {"text": text, "shown": shown or text, "label": label or f"Copy {text}"}


@register.filter
def short(digest: str) -> str:
    """The first twelve digits of a digest: enough to tell two apart by eye."""
    return digest[:12]
