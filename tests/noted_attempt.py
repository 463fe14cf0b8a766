"""An attempt without a worker behind it, which notes what was saved and can be ended at any point."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filmgate.core.errors import EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.spec import VideoSpec


@dataclass
class Row:
    """What outlives every attempt at one video."""

    token: Token | None = None
    attempt: int = 0
    saves: list[Token] = field(default_factory=list)


@dataclass
class NotedAttempt:
    """Saves reach the row as long as no later attempt has begun; `on_save` is called first.

    `others` are the rows of other videos, all of the same prompt, and none of which has ended.
    """

    row: Row
    workdir: Path
    references: tuple[Path, ...] = ()
    portraits: tuple[Path, ...] = ()
    continues: VideoSpec | None = None
    told: list[float] = field(default_factory=list)
    on_save: Callable[[Token], None] = lambda token: None
    others: Sequence[Row] = ()

    def __post_init__(self) -> None:
        self.row.attempt += 1
        self._number = self.row.attempt
        self.workdir.mkdir(parents=True, exist_ok=True)

    @property
    def token(self) -> Token | None:
        return self.row.token

    def progress(self, percent: float) -> None:
        self.told.append(percent)

    async def take_room(self) -> None:
        """There is always room."""

    async def save(self, token: Token) -> None:
        self.on_save(token)
        if self._number != self.row.attempt:
            raise EngineUnavailable("The attempt was superseded before it could be saved.")
        self.row.token = token
        self.row.saves.append(token)

    async def unclaimed(self, url: str, ids: Collection[str]) -> list[str]:
        return [each for each in ids if not self._is_named({"url": url, "id": each})]

    async def claim(self, token: Token) -> bool:
        if self._is_named(token) or any(map(_is_under_way, self._other_tokens())):
            return False
        await self.save(token)
        return True

    def _is_named(self, job: Token) -> bool:
        return any(
            (token.get("url"), token.get("id")) == (job["url"], job["id"])
            for token in self._other_tokens()
        )

    def _other_tokens(self) -> list[Token]:
        return [row.token for row in self.others if row is not self.row and row.token]


def _is_under_way(token: Token) -> bool:
    return "intent" in token and "id" not in token and "sought" not in token
