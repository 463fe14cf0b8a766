"""`filmgate usage`, on a real database: the same figures for people, spreadsheets and programs."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from filmgate.cli import usage
from filmgate.cli.main import app
from filmgate.core.account import Caller
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, VideoId
from filmgate.database.connection import Database
from filmgate.usecases import accounts, videos
from tests.claiming import ASSET, begin, complete
from tests.creating import create

SPEC = VideoSpec(model="sora-2", engine="scenes", prompt="A cat", size=Size(720, 1280), seconds=8)
Filmgate = Callable[..., Result]
COUNTS = ["created", "completed", "failed", "cancelled"]


@pytest.fixture
def filmgate(dsn: str) -> Filmgate:
    """The command line of a server that has made three films for two accounts, and cancelled one."""
    asyncio.run(_work(dsn))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["usage", *words], env={"FILMGATE_DATABASE_URL": dsn})

    return run


async def _work(dsn: str) -> None:
    database = await Database.open(dsn)
    for account, name, lengths in (("ours", 'a "b",c', [8.0, 0.1]), ("theirs", "", [0.2])):
        _, key = await accounts.create_key(database, account=account, name=name)
        caller = Caller(key.account_id, key.id)
        for length in lengths:
            video = await _create(database, caller)
            asset = replace(ASSET, duration=length)
            await complete(database, await begin(database, video), asset=asset)
    await videos.cancel(database, await _create(database, caller), account_id=caller.account_id)
    await database.aclose()


async def _create(database: Database, caller: Caller) -> VideoId:
    video = await create(
        database,
        SPEC,
        video_id=videos.new_id(),
        caller=caller,
        dialect=Dialect.OPENAI,
        price_per_second=10_001,
    )
    return video.id


def test_json_is_exact(filmgate: Filmgate) -> None:
    told = json.loads(filmgate("--by", "account", "--format", "json").stdout)
    assert (told["by"], len(told["data"])) == (["account"], 2)
    assert told["data"][0] == {
        "account": "ours",
        "created": 2,
        "completed": 2,
        "failed": 0,
        "cancelled": 0,
        "seconds": 8.1,
        "charge": "0.081008",
        "charge_micro_units": 81_008,
    }
    assert told["total"] == {
        "created": 4,
        "completed": 3,
        "failed": 0,
        "cancelled": 1,
        "seconds": 8.3,
        "charge": "0.083008",
        "charge_micro_units": 83_008,
    }


def test_csv_is_read_back_as_it_was(filmgate: Filmgate) -> None:
    rows = list(csv.DictReader(io.StringIO(filmgate("--format", "csv").stdout)))
    assert list(rows[0]) == [
        "account",
        "key",
        "model",
        "day",
        *COUNTS,
        "seconds",
        "charge",
        "charge_micro_units",
    ]
    assert [row["account"] for row in rows] == ["ours", "theirs"]
    assert rows[0]["key"].startswith('a "b",c …')
    assert [row["charge_micro_units"] for row in rows] == ["81008", "2000"]
    assert [row["seconds"] for row in rows] == ["8.100", "0.200"]


def test_the_table_ends_with_the_sum(filmgate: Filmgate) -> None:
    days, ours, theirs, total = filmgate("--by", "account").stdout.splitlines()
    assert days.endswith(", UTC")
    assert ours == "ours\t2\t2\t0\t0\t8.100\t0.081008"
    assert theirs == "theirs\t2\t1\t0\t1\t0.200\t0.002"
    assert total == "total\t4\t3\t0\t1\t8.300\t0.083008"


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("key,model,day", ["account", "key", "model", "day"]),
        ("day, model", ["model", "day"]),
        ("", []),
        ("key", ["account", "key"]),
    ],
)
def test_a_row_is_about_what_was_asked_for(filmgate: Filmgate, by: str, names: list[str]) -> None:
    told = json.loads(filmgate("--by", by, "--format", "json").stdout)
    assert list(told["data"][0])[: len(names) + 1] == [*names, "created"]
    assert sum(row["created"] for row in told["data"]) == 4


def test_the_days_are_those_that_were_named(filmgate: Filmgate) -> None:
    today = datetime.now(UTC).date()
    yesterday = str(today - timedelta(days=1))
    before = json.loads(filmgate("--until", yesterday, "--format=json").stdout)
    assert (before["until"], before["data"]) == (yesterday, [])
    since = json.loads(filmgate("--since", yesterday, "--format=json").stdout)
    assert (since["since"], since["total"]["created"]) == (yesterday, 4)


def test_no_usage_is_a_table_without_rows(filmgate: Filmgate) -> None:
    ended = filmgate("--until", "2001-01-31")
    assert (ended.exit_code, ended.stdout) == (0, "2001-01-02 to 2001-01-31, UTC\n")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--by", "dya"], "--by 'dya' is not one of: account, key, model, day. Did you mean day?"),
        (["--since", "yesterday"], "%Y-%m-%d"),
        (["--since", "2026-02-30"], "%Y-%m-%d"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "the first day comes first"),
        (["--account", "our"], "Did you mean 'ours'?"),
        (["--format", "xml"], "'table', 'csv', 'json'"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_what_could(
    filmgate: Filmgate, words: list[str], advice: str
) -> None:
    ended = filmgate(*words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert advice in ended.stderr


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\t=1"])
def test_a_name_that_a_spreadsheet_would_carry_out_is_text_to_it(name: str) -> None:
    assert usage._no_formula(name) == f"'{name}"
    assert usage._no_formula(f"a{name}") == f"a{name}"
