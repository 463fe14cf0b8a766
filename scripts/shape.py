"""The longest files and functions, and how the functions' lengths are spread."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path("src/filmgate")


def main() -> None:
    files = {path: path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")}
    lengths = {str(path.relative_to(SOURCES)): text.count("\n") for path, text in files.items()}
    functions = {
        f"{path.relative_to(SOURCES)}:{name}": length
        for path, text in files.items()
        for name, length in _functions(text)
    }
    _show("files", lengths)
    _show("functions", functions)
    _spread(list(functions.values()))


def _functions(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def _show(title: str, lengths: dict[str, int]) -> None:
    print(f"The longest {title}, in lines:")
    for name in sorted(lengths, key=lengths.__getitem__, reverse=True)[:12]:
        print(f"  {lengths[name]:4}  {name}")
    print()


def _spread(lengths: list[int]) -> None:
    ninetieth = statistics.quantiles(lengths, n=10)[-1]
    long = sum(length > 50 for length in lengths) / len(lengths)
    print(
        f"{len(lengths)} functions: median {statistics.median(lengths):.0f} lines, "
        f"nine in ten under {ninetieth:.0f}, {long:.1%} over 50."
    )


if __name__ == "__main__":
    main()
