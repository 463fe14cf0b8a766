"""`filmgate usage`: how much was made and what it cost, from the database and without a running server."""

import csv
import difflib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from filmgate.cli.money import write_amount
from filmgate.cli.output import Refused, show, show_document, show_rows
from filmgate.cli.server_side import Flags, server_failures_explained, with_database
from filmgate.database.usage import KeyName, Part, Usage
from filmgate.usecases import usage
from filmgate.usecases.usage import Report

Format = Literal["table", "csv", "json"]

_COUNTS = ("created", "completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, as it was typed."""

    by: str
    account: str | None
    since: date | None
    until: date | None


def run(flags: Flags, *, config: Path | None, question: Question, form: Format) -> None:
    with server_failures_explained():
        by = _read_parts(question.by)
        _check_order(question.since, question.until)
    report = with_database(
        flags,
        config,
        lambda database: usage.report(
            database,
            by=by,
            account=question.account,
            since=question.since,
            until=question.until,
        ),
    )
    _WRITERS[form](report, by)


def _read_parts(text: str) -> frozenset[Part]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in [*Part]:
            nearest = difflib.get_close_matches(word, Part, n=1)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            raise Refused(f"--by {word!r} is not one of: {', '.join(Part)}.{hint}")
    return frozenset(map(Part, words))


def _check_order(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        raise Refused(f"--since {since} is after --until {until}; the first day comes first.")


def _show_table(report: Report, by: frozenset[Part]) -> None:
    rows = [(*_words(row, by).values(), *_figures(row)) for row in report.rows]
    names = [*_names(by), *_COUNTS, "seconds", "charge"]
    if len(rows) > 1:
        total = [""] * (len(_names(by)) - 1)
        rows.append(("total", *total, *_figures(_total(report.rows))))
    show(f"{report.period.since} to {report.period.until}, UTC")
    words = [part.upper() for part in (Part.ACCOUNT, Part.KEY, Part.MODEL)]
    show_rows([name.upper() for name in names], rows, folding=words)


def _show_csv(report: Report, by: frozenset[Part]) -> None:
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow([*_names(by), *_COUNTS, "seconds", "charge", "charge_micro_units"])
    for row in report.rows:
        words = map(_no_formula, _words(row, by).values())
        sheet.writerow([*words, *_figures(row), row.charge])
    show(text.getvalue().removesuffix("\n"))


def _no_formula(word: str) -> str:
    """A name that a spreadsheet would carry out is only text to it behind an apostrophe."""
    return f"'{word}" if word.startswith(("=", "+", "-", "@", "\t")) else word


def _show_json(report: Report, by: frozenset[Part]) -> None:
    show_document(
        {
            "since": report.period.since.isoformat(),
            "until": report.period.until.isoformat(),
            "by": _names(by),
            "data": [_parts_document(row, by) | _figures_document(row) for row in report.rows],
            "total": _figures_document(_total(report.rows)),
        }
    )


_WRITERS = {"table": _show_table, "csv": _show_csv, "json": _show_json}


def _names(by: frozenset[Part]) -> list[Part]:
    """What is told of each row; a key is told with its account."""
    return [part for part in Part if part in by or (part is Part.ACCOUNT and Part.KEY in by)]


def _words(row: Usage, by: frozenset[Part]) -> dict[str, str]:
    words = {
        Part.ACCOUNT: row.account or "",
        Part.KEY: _key_words(row.key),
        Part.MODEL: row.model or "",
        Part.DAY: "" if row.day is None else row.day.isoformat(),
    }
    return {name: words[name] for name in _names(by)}


def _key_words(key: KeyName | None) -> str:
    """As `filmgate keys list` shows it."""
    return "unknown" if key is None else f"{key.name} …{key.hint}".lstrip()


def _figures(row: Usage) -> tuple[str, ...]:
    counts = (row.created, row.completed, row.failed, row.cancelled)
    return (*map(str, counts), _seconds(row.delivered), write_amount(row.charge))


def _seconds(delivered: timedelta) -> str:
    """Exactly, to the millisecond that it is counted to."""
    return str(Decimal(delivered // timedelta(milliseconds=1)).scaleb(-3))


def _total(rows: Iterable[Usage]) -> Usage:
    rows = list(rows)
    return Usage(
        account=None,
        key=None,
        model=None,
        day=None,
        created=sum(row.created for row in rows),
        completed=sum(row.completed for row in rows),
        failed=sum(row.failed for row in rows),
        cancelled=sum(row.cancelled for row in rows),
        delivered=sum((row.delivered for row in rows), timedelta()),
        charge=sum(row.charge for row in rows),
    )


def _parts_document(row: Usage, by: frozenset[Part]) -> dict[str, object]:
    key = row.key and {"id": row.key.id, "name": row.key.name, "hint": row.key.hint}
    return {**_words(row, by), **({Part.KEY: key} if Part.KEY in by else {})}


def _figures_document(row: Usage) -> dict[str, object]:
    return {
        "created": row.created,
        "completed": row.completed,
        "failed": row.failed,
        "cancelled": row.cancelled,
        "seconds": float(_seconds(row.delivered)),
        "charge": write_amount(row.charge),
        "charge_micro_units": row.charge,
    }
