"""An attempt without a worker behind it, which notes what was saved and can be ended at any point."""

from collections.abc import Callable
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
    """Saves reach the row as long as no later attempt has begun; `on_save` is called first."""

    row: Row
    workdir: Path
    references: tuple[Path, ...] = ()
    portraits: tuple[Path, ...] = ()
    continues: VideoSpec | None = None
    told: list[float] = field(default_factory=list)
    on_save: Callable[[Token], None] = lambda token: None

    def __post_init__(self) -> None:
        self.row.attempt += 1
        self._number = self.row.attempt
        self.workdir.mkdir(parents=True, exist_ok=True)

    @property
    def token(self) -> Token | None:
        return self.row.token

    def progress(self, percent: float) -> None:
        self.told.append(percent)

    async def save(self, token: Token) -> None:
        self.on_save(token)
        if self._number != self.row.attempt:
            raise EngineUnavailable("The attempt was superseded before it could be saved.")
        self.row.token = token
        self.row.saves.append(token)
