"""DATABASE_URL is read whole, or refused with a sentence that does not tell the password."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlplane.database import database


def test_every_part_of_the_address_is_used() -> None:
    read = database("postgresql://kim:p%40ss@db.example.org:6543/quartet?sslmode=require", pool=False)
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"], read["NAME"]) == (
        "kim",
        "p@ss",
        "db.example.org",
        "6543",
        "quartet",
    )
    assert read["OPTIONS"] == {"sslmode": "require", "connect_timeout": 5}


def test_a_socket_directory_may_stand_for_the_host() -> None:
    assert database("postgresql:///quartet?host=/run/postgresql", pool=False)["HOST"] == "/run/postgresql"


@pytest.mark.parametrize("url", ["postgresql://kim:secret@db:many/quartet", "mysql://kim:secret@db/quartet", "secret"])
def test_anything_else_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not an address") as refusal:
        database(url, pool=False)
    assert "secret" not in str(refusal.value)
