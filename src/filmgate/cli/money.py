"""Amounts of money as people write them, in the operator's currency, and as we count them: in micro-units."""

import re
from decimal import Decimal

from filmgate.cli.output import Refused

MOST = 1_000_000_000
"""Of the currency, at once: a slip of the keyboard is likelier."""
_DIGITS = 6
_AMOUNT = re.compile(r"[+-]?\d{1,10}(?:\.\d{1,6})?", re.ASCII)


def read_amount(text: str) -> int:
    """Exactly. Raises Refused."""
    if _AMOUNT.fullmatch(text) is None or abs(Decimal(text)) > MOST:
        raise Refused(
            f"{text!r} is not an amount: a number such as 25 or -0.5, with at most {_DIGITS} decimals,"
            f" from -{MOST} to {MOST}."
        )
    return int(Decimal(text).scaleb(_DIGITS))


def write_amount(micro_units: int) -> str:
    """All of it, and two decimals at least."""
    whole, rest = divmod(abs(micro_units), 10**_DIGITS)
    decimals = f"{rest:0{_DIGITS}}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro_units < 0 else ''}{whole}.{decimals}"
