"""`filmgate accounts`, on a real database: what each command prints, changes, and refuses in one sentence."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from filmgate.cli.main import app

Filmgate = Callable[..., Result]


@pytest.fixture
def filmgate(dsn: str) -> Filmgate:
    """The command line of a server whose database is a fresh one."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words, env={"FILMGATE_DATABASE_URL": dsn})

    return run


@pytest.fixture
def studio(filmgate: Filmgate) -> Filmgate:
    """With an account named studio."""
    assert filmgate("accounts", "create", "studio").exit_code == 0
    return filmgate


def shown(filmgate: Filmgate) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(filmgate("accounts", "show", "studio", "--json").stdout)
    return document


def test_create_says_how_to_make_a_key(filmgate: Filmgate) -> None:
    ended = filmgate("accounts", "create", "studio")
    assert (ended.exit_code, ended.stdout) == (0, "studio created\n")
    assert "filmgate keys create --account studio" in ended.stderr
    assert filmgate("accounts", "ls").stdout == "studio\t1\t0\t0\tno limit\toff\t0.00\n"


def test_ls_of_nothing_says_how_to_begin(filmgate: Filmgate) -> None:
    ended = filmgate("accounts", "ls")
    assert (ended.stdout, ended.exit_code) == ("", 0)
    assert "filmgate accounts create NAME" in ended.stderr


def test_ls_as_json_has_every_limit(studio: Filmgate) -> None:
    assert json.loads(studio("accounts", "ls", "--json").stdout)["data"] == [
        {
            "name": "studio",
            "weight": 1,
            "running_limit": None,
            "queued_limit": None,
            "requests_per_minute": None,
            "has_credit": False,
            "balance": "0.00",
            "balance_micro_units": 0,
            "running": 0,
            "waiting": 0,
        }
    ]


def test_set_changes_what_it_names_and_prints_what_holds(studio: Filmgate) -> None:
    words = ["--weight", "3", "--running", "4", "--queued", "0", "--credit", "on"]
    assert studio("accounts", "set", "studio", *words).exit_code == 0
    ended = studio("accounts", "set", "studio", "--running=none", "--requests-per-minute=60")
    assert ended.stdout.splitlines() == [
        "weight     3",
        "running    no limit",
        "queued     at most 0",
        "requests   60 a minute",
        "credit     on",
    ]
    assert studio("accounts", "ls").stdout == "studio\t3\t0\t0 of 0\t60 a minute\ton\t0.00\n"


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ([], "Say what to set"),
        (["--running", "0"], "--running '0' is neither a whole number from 1 to 2147483647 nor"),
        (["--running", "many"], "--running 'many' is neither"),
        (["--queued", "-1"], "--queued '-1' is neither a whole number from 0"),
        (["--queued", "9999999999"], "2147483647"),
        (["--requests-per-minute", "٣"], "neither a whole number from 1"),
        (["--weight", "0"], "greater than or equal to 1"),
        (["--weight", "1001"], "less than or equal to 1000"),
        (["--credit", "yes"], "'on', 'off'"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_could(
    studio: Filmgate, words: list[str], advice: str
) -> None:
    before = shown(studio)
    ended = studio("accounts", "set", "studio", *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert advice in ended.stderr
    assert shown(studio) == before


def test_grants_are_exact_and_in_the_ledger(studio: Filmgate) -> None:
    assert studio("accounts", "grant", "studio", "0.1").stdout == "0.10\n"
    assert studio("accounts", "grant", "studio", "0.2").stdout == "0.30\n"
    assert studio("accounts", "grant", "studio", "-0.000001").stdout == "0.299999\n"
    document = shown(studio)
    assert (document["balance"], document["balance_micro_units"]) == ("0.299999", 299_999)
    assert [entry["amount_micro_units"] for entry in document["entries"]] == [-1, 200_000, 100_000]
    assert {entry["kind"] for entry in document["entries"]} == {"grant"}


def test_a_grant_says_when_nothing_holds_the_account_to_it(studio: Filmgate) -> None:
    assert "--credit on" in studio("accounts", "grant", "studio", "25").stderr
    studio("accounts", "set", "studio", "--credit", "on")
    assert studio("accounts", "grant", "studio", "25").stderr == ""


@pytest.mark.parametrize(
    "amount", ["0.0000001", "1e3", "1,5", "NaN", "", "٣", "1000000000.1", "99999999999", "--", "$5"]
)
def test_what_is_no_amount_is_refused(studio: Filmgate, amount: str) -> None:
    ended = studio("accounts", "grant", "studio", amount)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert shown(studio)["entries"] == []


def test_nothing_is_not_granted(studio: Filmgate) -> None:
    ended = studio("accounts", "grant", "studio", "0.00")
    assert ended.exit_code == 2
    assert "negative one corrects" in ended.stderr


def test_more_than_is_left_cannot_be_taken_back(studio: Filmgate) -> None:
    studio("accounts", "set", "studio", "--credit", "on")
    studio("accounts", "grant", "studio", "1.5")
    ended = studio("accounts", "grant", "studio", "-2")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr
        == "Error: The account has 1.5 left, and no more than that can be taken back.\n"
    )


def test_show_is_for_reading(studio: Filmgate) -> None:
    studio("accounts", "grant", "studio", "25")
    head, _, ledger = studio("accounts", "show", "studio").stdout.partition("\n\n")
    told = dict(line.split(maxsplit=1) for line in head.splitlines())
    assert (told["balance"], told["videos"]) == ("25.00", "0 running, 0 waiting")
    _, kind, amount, video = ledger.rstrip("\n").split("\t")
    assert (kind, amount, video) == ("grant", "25.00", "")


def test_an_unknown_account_is_told_with_the_nearest_name(studio: Filmgate) -> None:
    for words in (["show"], ["set", "--weight=2"], ["grant", "1"]):
        verb, *rest = words
        ended = studio("accounts", verb, "studoi", *rest)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert ended.stderr == "Error: There is no account 'studoi'. Did you mean 'studio'?\n"


def test_a_name_that_is_taken_or_unreadable_is_refused(studio: Filmgate) -> None:
    assert "already" in studio("accounts", "create", "studio").stderr
    for name in ("", " x", "a\nb", "a\x1b[2J", "x" * 101):
        ended = studio("accounts", "create", name)
        assert ended.exit_code == 2
        assert "is not a name" in ended.stderr


def test_a_database_that_is_not_there_ends_with_3(home: object) -> None:
    away = {"FILMGATE_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    ended = CliRunner().invoke(app, ["accounts", "ls"], env=away)
    assert ended.exit_code == 3
    assert "Traceback" not in ended.stderr


def test_an_outdated_schema_is_told(empty_dsn: str) -> None:
    ended = CliRunner().invoke(app, ["accounts", "ls"], env={"FILMGATE_DATABASE_URL": empty_dsn})
    assert ended.exit_code == 2
    assert "filmgate migrate" in ended.stderr


def test_a_key_for_an_account_that_was_not_there_says_so(studio: Filmgate) -> None:
    known = studio("keys", "create", "--account", "studio")
    assert (known.exit_code, "There was no account" in known.stderr) == (0, False)
    mistyped = studio("keys", "create", "--account", "studoi")
    assert "There was no account 'studoi': it was made, without limits." in mistyped.stderr
