"""secrets.json: the secrets of one home, made once."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from controlplane.embedded.files import create_whole


@dataclass(frozen=True)
class Credentials:
    """URL-safe random texts, so none needs quoting in an address, SQL or a configuration file."""

    django_secret_key: str
    postgres_password: str
    valkey_password: str


def load(path: Path) -> Credentials:
    """The secrets in `path`, created with mode 0600 where missing. A damaged file is set aside and replaced:
    whoever uses a secret takes the new one over at the next start."""
    while True:
        try:
            return Credentials(**json.loads(path.read_text()))
        except FileNotFoundError:
            create_whole(path, json.dumps(asdict(_fresh()), indent=1))
        except (ValueError, TypeError):
            path.replace(path.with_suffix(".damaged"))


def _fresh() -> Credentials:
    return Credentials(secrets.token_urlsafe(48), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
