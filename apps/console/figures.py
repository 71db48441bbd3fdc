"""Numbers as people read them: two or three significant digits, a unit, and an em dash for what is not known."""

import math

from apps.monitoring.rules.figures import Figures

UNKNOWN = "—"


def count(value: float | None) -> str:
    """A whole number with thousands set apart: 4,120."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def rate(value: float | None) -> str:
    """Requests a second: 0, 0.4, 4.2, 42, 1,240."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:,.0f}"


def milliseconds(value: float | None) -> str:
    """A duration given in milliseconds: 6.4 ms, 18 ms, 1.24 s, 94 s."""
    if value is None:
        return UNKNOWN
    if value < 9.95:
        return f"{value:.1f} ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 9_995 else f"{value / 1000:.0f} s"


def share(value: float | None) -> str:
    """A share from 0 to 1 in per cent: 0.00 %, 1.90 %, 12.3 %, 100 %."""
    if value is None:
        return UNKNOWN
    per_cent = value * 100
    digits = 2 if per_cent < 9.995 else 1 if per_cent < 99.95 else 0
    return f"{per_cent:.{digits}f} %"


def nearly_all(value: float | None) -> str:
    """A share that is to be close to 1, in per cent, with two digits of what lacks: 95.0 %, 99.42 %, 99.9942 %."""
    if value is None:
        return UNKNOWN
    if value >= 1:
        return "100 %"
    lacking = (1 - value) * 100
    digits = min(6, max(1, 1 - math.floor(math.log10(lacking))))
    # Rounded down: what lacks a millionth is not all. The inner rounding is for 0.57 * 100 = 56.99999999999999.
    steps = min(math.floor(round(value * 100 * 10**digits, 6)), 100 * 10**digits - 1)
    return f"{steps / 10**digits:.{digits}f} %"


def size(value: float | None) -> str:
    """Bytes in decimal units: 640 B, 12 kB, 1.3 MB, 57 GB."""
    if value is None:
        return UNKNOWN
    number, units = float(value), ["B", "kB", "MB", "GB", "TB"]
    while number >= 999.5 and len(units) > 1:
        number, units = number / 1000, units[1:]
    digits = 1 if number < 9.95 and units[0] != "B" else 0
    return f"{number:.{digits}f} {units[0]}"


def ago(seconds: float) -> str:
    """How long ago, in one unit: just now, 12 min ago, 3 h ago, 5 d ago. static/js/ago.js says the same."""
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 48 * 3600:
        return f"{seconds // 3600:.0f} h ago"
    return f"{seconds // 86_400:.0f} d ago"


def ahead(seconds: float) -> str:
    """How long until then, in one unit: in 12 min, in 3 h, in 5 d; at an end that has come, now."""
    if seconds <= 0:
        return "now"
    if seconds < 3600:
        return f"in {max(1, seconds // 60):.0f} min"
    return f"in {seconds // 3600:.0f} h" if seconds < 96 * 3600 else f"in {seconds // 86_400:.0f} d"


def alerts_text(number: int) -> dict[str, str]:
    """What every page shows in its navigation: nothing where there is none."""
    return {"alerts.open": f"{number:,}" if number else ""}


def present_texts(name: str, numbers: Figures) -> dict[str, str]:
    """What live pages show of a deployment: the text of every element with this `data-figure`."""
    return {
        f"{name}.rate": rate(numbers.rate),
        f"{name}.p50": milliseconds(numbers.p50),
        f"{name}.p95": milliseconds(numbers.p95),
        f"{name}.p99": milliseconds(numbers.p99),
        f"{name}.failed": share(numbers.failed),
    }
