"""A wrong setting is a sentence that names it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlplane import env


@pytest.fixture(autouse=True)
def setting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("QUARTET_X", raising=False)
    return monkeypatch


def test_an_empty_value_counts_as_not_set(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("QUARTET_X", "")
    assert env.integer("QUARTET_X", 7) == 7


@pytest.mark.parametrize("raw", ["yes", "1", "true"])
def test_a_boolean_is_spelt_true_or_false(setting: pytest.MonkeyPatch, raw: str) -> None:
    setting.setenv("QUARTET_X", raw)
    with pytest.raises(ImproperlyConfigured, match="QUARTET_X: use 'True' or 'False'"):
        env.boolean("QUARTET_X", False)


@pytest.mark.parametrize("raw", ["0", "70000", "many"])
def test_a_port_is_a_port(setting: pytest.MonkeyPatch, raw: str) -> None:
    setting.setenv("QUARTET_X", raw)
    with pytest.raises(ImproperlyConfigured, match="from 1 to 65535"):
        env.integer("QUARTET_X", 8400, 1, 65535)


def test_a_secret_may_lie_in_a_file(setting: pytest.MonkeyPatch, tmp_path: object) -> None:
    path = tmp_path / "secret"  # type: ignore[operator]
    path.write_text("hidden\n")
    setting.setenv("QUARTET_X_FILE", str(path))
    assert env.secret("QUARTET_X") == "hidden"


def test_a_secret_file_that_is_not_there_is_named(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("QUARTET_X_FILE", "/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match="QUARTET_X_FILE points at /nowhere/at/all"):
        env.secret("QUARTET_X")


def test_networks_are_listed_by_commas(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("QUARTET_X", "10.1.0.0/16, ::1")
    assert [str(each) for each in env.networks("QUARTET_X", ())] == ["10.1.0.0/16", "::1/128"]


@pytest.mark.parametrize("raw", ["localhost", "10.0.0.1/8", "300.0.0.1"])
def test_what_is_no_network_is_refused(setting: pytest.MonkeyPatch, raw: str) -> None:
    setting.setenv("QUARTET_X", raw)
    with pytest.raises(ImproperlyConfigured, match="QUARTET_X: use networks as"):
        env.networks("QUARTET_X", ())
