"""What each operation costs beside a million queued and five million finished videos: `bench.scale`, as a scenario."""

import asyncio

from bench import scale
from bench.figures import Finding, Report, at_most
from bench.seeding import Shape
from bench.stage import Stage


def measure(stage: Stage) -> Report:
    """On databases of its own, which take minutes to fill."""
    many = scale.MANY if stage.effort.is_full else scale.QUICK
    rows = asyncio.run(_rows(stage, many))
    findings = [
        Finding(
            f"{row.operation}: {row.few_p50:.2f} ms beside few, {row.many_p50:.2f} ms beside many",
            row.ratio,
            "",
            at_most(scale.GOAL),
        )
        for row in rows
    ]
    few = scale.FEW
    note = (
        f"Median times in the process that calls, in turns: beside {few.queued:,} queued and"
        f" {few.finished:,} finished videos, and beside {many.queued:,} and {many.finished:,}."
    )
    return Report(findings=findings, notes=(note,))


async def _rows(stage: Stage, shape: Shape) -> list[scale.Row]:
    return [row async for row in scale.measure(stage.folder / "scale", shape=shape)]
