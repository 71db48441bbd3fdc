"""DATABASE_URL as Django wants it."""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_REMEDY = "Use postgresql://user:password@host:port/name."


def database(url: str, pool: bool) -> dict[str, object]:
    """Django's DATABASES entry from a postgresql:// address; raises ImproperlyConfigured for anything else."""
    parts = _parts(url)
    options: dict[str, object] = dict(parse_qsl(parts.query))
    options.setdefault("connect_timeout", 5)
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(options.pop("host", "") or parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "NAME": parts.path.lstrip("/") or "quartet",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
    }


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here: a port that is no number raises only now
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not an address: {error}. {_REMEDY}") from error
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(f"DATABASE_URL is not an address of PostgreSQL. {_REMEDY}")
    return parts
