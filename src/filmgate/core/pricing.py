"""Prices: what a video may cost at most, and what it has cost. Whole micro-units, a millionth of the currency.

The price of a second is that of the moment of the create: a later change of the catalogue changes nothing.
"""

from filmgate.core.spec import VideoSpec


def billable_seconds(spec: VideoSpec) -> int:
    """Of an extension, only what is added to its source."""
    return max(spec.new_seconds, 0)


def reservation(spec: VideoSpec, price_per_second: int | None) -> int:
    """What is held back while the video is made."""
    return billable_seconds(spec) * (price_per_second or 0)


def settlement(spec: VideoSpec, price_per_second: int | None, *, delivered: float) -> int:
    """What a film of that many seconds costs: never more than its reservation."""
    missing = max(spec.seconds - delivered, 0.0)
    seconds = max(billable_seconds(spec) - missing, 0.0)
    return min(round(seconds * (price_per_second or 0)), reservation(spec, price_per_second))
