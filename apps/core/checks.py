"""System checks: what would go wrong at night is said at start-up."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register(deploy=True)
def secret_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A process that serves people needs a secret of its own."""
    if settings.SECRET_KEY.startswith("not-secret:"):
        return [
            Error(
                "QUARTET_SECRET_KEY is not set.",
                hint="Set it, or QUARTET_SECRET_KEY_FILE; 'manage.py up' makes one.",
                id="core.E001",
            )
        ]
    return []


@register()
def browser_libraries(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Charts and page updates need the pinned browser libraries."""
    missing = [
        str(path) for _, path in (d for d in settings.STATICFILES_DIRS if isinstance(d, tuple)) if not path.is_dir()
    ]
    if missing:
        return [
            Warning(
                f"Browser libraries are missing: {', '.join(missing)}.", hint="Run 'make node_modules'.", id="core.W001"
            )
        ]
    return []
