"""Results as Markdown tables, which a terminal shows as well."""

from collections.abc import Iterable, Sequence

from bench.figures import Finding, Report, Row, Timing

_VERDICTS = {None: "", True: "yes", False: "no"}


def rendered(report: Report) -> str:
    """What a scenario found."""
    parts = list(report.notes)
    if report.rows:
        parts.append(rows_table(report.rows))
    if report.timings:
        parts.append(timings_table(report.timings))
    if report.findings:
        parts.append(findings_table(report.findings))
    return "\n\n".join(parts)


def rows_table(rows: Sequence[Row]) -> str:
    heads = ("target", "rate/s", "p50 ms", "p99 ms", "CPU µs", "ratio", "errors")
    return table(heads, (_row_cells(row) for row in rows))


def timings_table(timings: Sequence[Timing]) -> str:
    heads = ("time", "count", "p50 ms", "p99 ms", "longest ms", "goal", "reached")
    return table(heads, map(_timing_cells, timings))


def findings_table(findings: Sequence[Finding]) -> str:
    return table(("measured", "value", "goal", "reached"), map(_finding_cells, findings))


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """The first column to the left, numbers to the right."""
    body = [list(line) for line in lines]
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    rules = [f"{'-' * (width - 1)}:" for width in widths]
    rules[0] = "-" * widths[0]
    return "\n".join(_line(cells, widths) for cells in (heads, rules, *body))


def number(value: float) -> str:
    """As many digits as a reader needs."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join((first, *rest))} |"


def _row_cells(row: Row) -> tuple[str, ...]:
    return (
        row.target,
        f"{row.rate:,.0f}",
        f"{row.p50:.2f}",
        f"{row.p99:.2f}",
        f"{row.cpu_micros:.0f}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        str(row.errors),
    )


def _timing_cells(timing: Timing) -> tuple[str, ...]:
    return (
        timing.what,
        f"{timing.count:,}",
        *map(number, (timing.p50, timing.p99, timing.longest)),
        ", ".join(f"{name} ≤ {number(bound)}" for name, bound in timing.bounds.items()),
        _VERDICTS[timing.is_reached],
    )


def _finding_cells(finding: Finding) -> tuple[str, ...]:
    goal = finding.goal
    return (
        finding.what,
        _with_unit(finding.value, finding.unit),
        "" if goal is None else f"{goal.direction.value} {_with_unit(goal.bound, finding.unit)}",
        _VERDICTS[finding.is_reached],
    )


def _with_unit(value: float, unit: str) -> str:
    space = "" if unit.startswith("/") or not unit else " "
    return f"{number(value)}{space}{unit}"
