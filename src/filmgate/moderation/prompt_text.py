"""The forms of a prompt that patterns are searched in, so that its spelling does not hide what it says.

Letters of other alphabets that look alike stay what they are: to fold those would take words from languages.
"""

import re
import unicodedata

_WHITE_SPACE = re.compile(r"\s+")

# Beside the format characters (category Cf): fillers, selectors and joiners that leave no mark on a screen.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F,
            0x115F,
            0x1160,
            0x17B4,
            0x17B5,
            *range(0x180B, 0x1810),
            0x3164,
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


def searched_forms(prompt: str) -> tuple[str, ...]:
    """The prompt as it reads, and, where that differs, with its case and accents folded."""
    plain = _WHITE_SPACE.sub(" ", _visible(unicodedata.normalize("NFKC", prompt)))
    plain = unicodedata.normalize("NFKC", plain)
    folded = _without_accents(plain).casefold()
    return (plain,) if folded == plain else (plain, folded)


def _visible(text: str) -> str:
    return "".join(
        each for each in text if unicodedata.category(each) != "Cf" and each not in _INVISIBLE
    )


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(each for each in apart if unicodedata.category(each) != "Mn")
    return unicodedata.normalize("NFKC", bare)
