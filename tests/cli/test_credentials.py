"""The user's client file: what is remembered, who may read it, and what becomes of a broken one."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.cli.credentials import Credentials, default_path, load, remember
from filmgate.client import DEFAULT_URL

HERE, THERE = "http://127.0.0.1:8024", "https://films.example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "filmgate" / "client.toml"


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_a_file_the_default_server_is_used_without_a_key(path: Path) -> None:
    assert load(path) == Credentials()
    assert load(path).default_url == DEFAULT_URL
    assert load(path).api_key_for(DEFAULT_URL) is None


def test_the_file_is_in_the_users_configuration_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path().name == "client.toml"
    assert default_path().parent.name == "filmgate"


def test_a_remembered_key_is_found_again(path: Path) -> None:
    remember(THERE, "sk-fg-1", make_default=True, path=path)
    assert load(path).default_url == THERE
    assert load(path).api_key_for(THERE) == "sk-fg-1"


@pytest.mark.parametrize("spelling", [f"{THERE}/", f"{THERE}/v1", "HTTPS://films.example.com:443"])
def test_another_spelling_of_an_address_is_the_same_server(path: Path, spelling: str) -> None:
    remember(THERE, "sk-fg-1", make_default=True, path=path)
    assert load(path).api_key_for(spelling) == "sk-fg-1"


@pytest.mark.parametrize("other", ["http://films.example.com", f"{THERE}:8443", f"{THERE}.evil.io"])
def test_a_key_is_for_its_own_server_alone(path: Path, other: str) -> None:
    remember(THERE, "sk-fg-1", make_default=True, path=path)
    assert load(path).api_key_for(other) is None


def test_remembering_keeps_the_other_servers(path: Path) -> None:
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    remember(THERE, "sk-fg-2", make_default=False, path=path)
    assert load(path).default_url == HERE
    assert load(path).api_keys == {HERE: "sk-fg-1", THERE: "sk-fg-2"}


def test_remembering_replaces_the_servers_old_key(path: Path) -> None:
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    remember(HERE, "sk-fg-2", make_default=True, path=path)
    assert load(path).api_keys == {HERE: "sk-fg-2"}


def test_nobody_else_can_read_the_file(path: Path) -> None:
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    assert permissions(path) == 0o600
    assert permissions(path.parent) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    assert permissions(path) == 0o600


def test_nothing_is_left_beside_the_file(path: Path) -> None:
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    assert list(path.parent.iterdir()) == [path]


def test_a_linked_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.touch()
    path.parent.mkdir()
    path.symlink_to(real)
    remember(HERE, "sk-fg-1", make_default=True, path=path)
    assert path.is_symlink()
    assert load(real).api_key_for(HERE) == "sk-fg-1"


BROKEN = [
    "default = ",
    "default = 8024",
    'default = "ftp://host"',
    'api_keys = "sk-fg-1"',
    "[api_keys]\n'http://host' = 7",
    "\0",
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_ignored_and_says_why(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    found = load(path)
    assert found.default_url == DEFAULT_URL
    assert found.problem is not None
    assert str(path) in found.problem


def test_a_file_that_is_not_text_is_ignored_and_says_why(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    assert load(path).problem is not None


@pytest.mark.parametrize("text", BROKEN)
def test_remembering_sets_a_broken_file_aside(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    now = remember(HERE, "sk-fg-1", make_default=True, path=path)
    aside = path.with_name("client.toml.broken")
    assert aside.read_text() == text
    assert now.problem is not None
    assert str(aside) in now.problem
    assert load(path).api_key_for(HERE) == "sk-fg-1"
    assert load(path).problem is None


def test_printing_credentials_shows_no_key(path: Path) -> None:
    assert "sk-fg-1" not in repr(remember(HERE, "sk-fg-1", make_default=True, path=path))


@settings(deadline=None)  # the disk may be slow
@given(key=st.text(st.characters(codec="utf-8")))
def test_any_text_survives_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, key: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any" / "client.toml"
    remember(HERE, key, make_default=True, path=path)
    assert load(path).api_key_for(HERE) == key
