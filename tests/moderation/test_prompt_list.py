"""The prompt list: how a file is read, and that spelling hides nothing."""

import threading
from pathlib import Path

import pytest

from filmgate.moderation.prompt_list import MAX_LIST_BYTES, PromptList, UnusablePromptList


def listed(tmp_path: Path, *lines: str) -> PromptList:
    path = tmp_path / "refused.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return PromptList.read(path)


def test_the_first_line_that_matches_is_named_as_an_editor_counts(tmp_path: Path) -> None:
    prompts = listed(tmp_path, "# weapons", "", r"\bguns?\b", r"\bbombs?\b")
    assert prompts.line_against("A cat with a gun and a bomb") == 3
    assert prompts.line_against("A bomb") == 4
    assert prompts.line_against("A cat") is None


def test_a_pattern_is_a_pattern_and_no_word(tmp_path: Path) -> None:
    prompts = listed(tmp_path, r"\bgun\b")
    assert prompts.line_against("A gunsmith") is None


@pytest.mark.parametrize(
    "prompt",
    [
        "A HAND GUN",
        "a hand\N{NO-BREAK SPACE}gun",
        "a hand\n \tgun",
        "a h\N{ZERO WIDTH SPACE}and g\N{SOFT HYPHEN}un",
        "a ha\N{WORD JOINER}nd gu\N{ZERO WIDTH NO-BREAK SPACE}n",
        "a hand g\N{RIGHT-TO-LEFT OVERRIDE}un",
        "a hand g\N{HANGUL FILLER}un",
        "a hand g\N{VARIATION SELECTOR-16}un",
        "a \N{MATHEMATICAL BOLD SMALL H}and gun",
        "a ｈａｎｄ　ｇｕｎ",  # noqa: RUF001 (what is tested)
        "a hánd gün",
        "a h\N{COMBINING GREEK YPOGEGRAMMENI}and gu\N{COMBINING LONG STROKE OVERLAY}n",
    ],
)
def test_spelling_hides_nothing(prompt: str, tmp_path: Path) -> None:
    assert listed(tmp_path, "hand gun").line_against(prompt) == 1


@pytest.mark.parametrize(
    ("pattern", "prompt"),
    [
        ("straße", "eine Straße"),
        ("strasse", "eine Straße"),
        ("ärger", "großer ÄRGER"),
        ("ＧＵＮ", "a gun"),  # noqa: RUF001 (what is tested)
        ("हथियार", "एक हथियार"),
        ("武器", "一把武器"),
        ("оружие", "ОРУЖИЕ"),
    ],
)
def test_patterns_are_written_in_any_language(pattern: str, prompt: str, tmp_path: Path) -> None:
    assert listed(tmp_path, pattern).line_against(prompt) == 1


def test_a_pattern_with_classes_keeps_their_meaning(tmp_path: Path) -> None:
    prompts = listed(tmp_path, r"\d{2}\S\W")
    assert prompts.line_against("12a!") == 1
    assert prompts.line_against("12 a") is None


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "refused.txt"
    path.write_bytes("\ufeffgun\r\nbomb\r\n".encode())
    assert PromptList.read(path).line_against("A gun") == 1
    assert PromptList.read(path).line_against("A bomb") == 2


def test_no_pattern_makes_a_long_prompt_take_long(tmp_path: Path) -> None:
    """Each of these takes Python's own `re` longer than anyone would wait; a thread that hangs fails the test."""
    prompts = listed(tmp_path, r"(x+x+)+y", r"(x|x)*y", r"(.*.*.*.*.*.*)*z", r"(x?){30}x{30}y")
    done = threading.Event()

    def search() -> None:
        assert prompts.line_against("x" * 32_000) is None
        done.set()

    threading.Thread(target=search, daemon=True).start()
    assert done.wait(timeout=20)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("gun(", "missing"),
        (r"(?=gun)", "invalid perl operator"),
        (r"(gun)\1", "invalid escape"),
        ("a{1000}{1000}", "bad repetition"),
        ("((a{100}){100}){10}", "invalid repetition size"),
    ],
)
def test_a_line_that_is_no_pattern_is_named(line: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnusablePromptList, match=rf"refused\.txt, line 2 .*({reason})"):
        listed(tmp_path, "bomb", line)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"# nothing yet\n\n", "holds no pattern"),
        (b"gun \xff\xfe", "cannot be read"),
        (b"x" * (MAX_LIST_BYTES + 1), "larger than 1 MiB"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_refuses_nothing_is_refused(
    data: bytes | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "refused.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UnusablePromptList, match=reason):
        PromptList.read(path)
