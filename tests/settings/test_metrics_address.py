"""`metrics_address`: an address and a port, or a sentence that says so."""

from pathlib import Path

import pytest

from filmgate.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:9464", ("::1", 9464)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("metrics.internal:80", ("metrics.internal", 80)),
    ],
)
def test_an_address_and_a_port(text: str, listener: tuple[str, int]) -> None:
    assert Settings.load({"metrics_address": text}).metrics_listener() == listener


def test_nothing_is_exposed_unless_told() -> None:
    assert Settings.load({}).metrics_listener() is None


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "9464", ":9464", "h:99999", "h:x", "http://h:9464", "h:1/metrics", "a@h:1"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="metrics_address"):
        Settings.load({"metrics_address": text})
