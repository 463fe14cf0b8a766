"""Acceptance: creates that come at the same time are committed together.

While one transaction is under way, whoever comes waits for the next; so a lone create waits for nobody, and of
many each costs the database a tenth. An answer is given after the commit, as ever.

Two writers take turns: while one writes, the other has begun. So the next batch is on its way to the database
before those of this one are answered, and the process has something to do while it waits for either.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import NoReturn, Self

import structlog

from filmgate.core.account import AccountId
from filmgate.core.candidate import Candidate
from filmgate.core.errors import FilmgateError, OutcomeUnknown, ServiceUnavailable
from filmgate.core.video import Video
from filmgate.database.connection import Database
from filmgate.usecases import counting, events
from filmgate.usecases.candidates import AccountBusy, accept

AT_ONCE = 128
"""Candidates in a transaction. More of them gain little, and the first waits for the last."""

WRITERS = 2
PATIENT_WRITERS = 2
"""Of transactions that wait for an account which somebody else has locked, so that nobody else has to."""

MOST_WAITING = 2_000
"""About half a second's work. Beyond it nobody is let in: a client that is told to come back is better off."""

_SHARE = 4
_BETWEEN_CALLS = 0.02
"""Seconds. A call that comes later is for those that were written meanwhile, and workers are busy with the first."""

log = structlog.get_logger()


async def accept_one(database: Database, candidate: Candidate) -> Video:
    """The video, committed, with its place in the line and its price.

    Raises RateLimited when too many of the account's wait, QuotaExceeded when it cannot pay, and
    IdempotencyInProgress when its key is another request's.
    """
    async with database.transaction() as connection:
        verdict = (await accept(connection, [candidate]))[candidate]
        if isinstance(verdict, FilmgateError):
            raise verdict
    counting.note_created(verdict)
    await events.call_workers(database)
    return verdict


_Answers = dict[Candidate, "asyncio.Future[Video]"]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A writer's: it comes when the one before it is over."""

    comes: asyncio.Event
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def at_once(cls) -> Self:
        """Nobody else's turn has to be waited for."""
        comes = asyncio.Event()
        comes.set()
        return cls(comes)


class Acceptance:
    """One for each process. Unless `run` is running, each candidate is accepted by itself."""

    def __init__(
        self, database: Database, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING
    ) -> None:
        self._database = database
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._waiting: _Answers = {}
        self._waiting_of: Counter[AccountId] = Counter()
        """Their answers; a part of all places is the most that one account gets."""
        self._has_some = asyncio.Event()
        self._called_first = asyncio.Lock()
        """Held by the writer that stands by: who comes calls one of them, not both."""
        self._next_turn = _Turn.at_once()
        self._has_news = asyncio.Event()
        self._held_up: dict[AccountId, _Answers] = {}
        """Their accounts were locked when it was their turn."""
        self._locked: asyncio.Queue[AccountId] = asyncio.Queue()
        """The accounts of these, each once: no two writers wait for the same one."""
        self._is_running = False

    @property
    def waiting(self) -> int:
        """Candidates that no transaction has taken up yet."""
        return len(self._waiting) + sum(map(len, self._held_up.values()))

    async def accept(self, candidate: Candidate) -> Video:
        """As `accept_one`. Raises ServiceUnavailable where too many wait."""
        if not self._is_running:
            return await accept_one(self._database, candidate)
        mine = self._waiting_of[candidate.account_id]
        if self.waiting >= self._most_waiting or mine >= max(self._most_waiting // _SHARE, 1):
            raise ServiceUnavailable(
                "More videos are being created than this server can write down; try again in a moment."
            )
        answer: asyncio.Future[Video] = asyncio.get_running_loop().create_future()
        self._waiting[candidate] = answer
        self._waiting_of[candidate.account_id] += 1
        self._has_some.set()
        try:
            return await answer
        finally:
            self._waiting_of[candidate.account_id] -= 1
            if not self._waiting_of[candidate.account_id]:
                del self._waiting_of[candidate.account_id]

    async def run(self) -> None:
        """Accept until cancelled."""
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as writing:
                for _ in range(WRITERS):
                    writing.create_task(self._write_in_turn())
                for _ in range(PATIENT_WRITERS):
                    writing.create_task(self._write_patiently())
                writing.create_task(self._call_workers())
        finally:
            self._is_running = False
            for answers in (self._waiting, *self._held_up.values()):
                for answer in answers.values():
                    _give(answer, _stopped())

    async def _write_in_turn(self) -> NoReturn:
        while True:
            async with self._called_first:
                await self._has_some.wait()
                self._has_some.clear()
                turn = self._next_turn
                self._next_turn = _Turn(comes=turn.is_over)
            await self._write(self._waiting, turn, waits=False)

    async def _write_patiently(self) -> NoReturn:
        """One account at a time: whoever has locked it keeps only its own creates waiting."""
        while True:
            account_id = await self._locked.get()
            await self._write(self._held_up[account_id], _Turn.at_once(), waits=True)
            if self._held_up[account_id]:
                self._locked.put_nowait(account_id)
            else:
                del self._held_up[account_id]

    async def _write(self, line: _Answers, turn: _Turn, *, waits: bool) -> None:
        """Answer those who wait there when it is our turn."""
        taken: _Answers = {}
        verdicts: Mapping[Candidate, Video | Exception] = {}
        try:
            async with self._database.transaction() as connection:
                await turn.comes.wait()
                taken = self._take(line)
                judged = await accept(connection, list(taken), waits=waits) if taken else {}
            verdicts = judged  # not before the commit: whoever is stopped in it does not know
        except Exception as error:  # noqa: BLE001 - it is raised again by those who wait
            taken = taken or self._take(line)
            verdicts = await self._verdicts_after(error, list(taken), waits=waits)
        finally:
            turn.is_over.set()  # first: the next batch goes off before the answers are written
            self._tell(taken, verdicts)

    def _take(self, line: _Answers) -> _Answers:
        """The first of them that still want an answer; they are taken away."""
        taken = {each: line.pop(each) for each in list(islice(line, self._at_once))}
        if self._waiting:
            self._has_some.set()
        return {each: answer for each, answer in taken.items() if not answer.done()}

    def _tell(self, taken: _Answers, verdicts: Mapping[Candidate, Video | Exception]) -> None:
        """All of them, or hold them up where their accounts were locked."""
        for each, answer in taken.items():
            verdict = verdicts.get(each) or _stopped()
            if isinstance(verdict, AccountBusy):
                self._hold_up(each, answer)
            else:
                _give(answer, verdict)
            if isinstance(verdict, Video):
                counting.note_created(verdict)
                self._has_news.set()

    async def _call_workers(self) -> NoReturn:
        """Beside the writing, and once for all that was written meanwhile."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            await events.call_workers(self._database)
            await asyncio.sleep(_BETWEEN_CALLS)

    def _hold_up(self, candidate: Candidate, answer: asyncio.Future[Video]) -> None:
        if candidate.account_id not in self._held_up:
            self._held_up[candidate.account_id] = {}
            self._locked.put_nowait(candidate.account_id)
        self._held_up[candidate.account_id][candidate] = answer

    async def _verdicts(
        self, candidates: Sequence[Candidate], *, waits: bool
    ) -> Mapping[Candidate, Video | Exception]:
        try:
            async with self._database.transaction() as connection:
                return await accept(connection, candidates, waits=waits)
        except Exception as error:  # noqa: BLE001 - as above
            return await self._verdicts_after(error, candidates, waits=waits)

    async def _verdicts_after(
        self, error: Exception, candidates: Sequence[Candidate], *, waits: bool
    ) -> Mapping[Candidate, Video | Exception]:
        """Of candidates that could not be written down together."""
        if isinstance(error, ServiceUnavailable):
            return {each: _again(error) for each in candidates}
        if len(candidates) <= 1:
            return dict.fromkeys(candidates, error)
        # Halves, until whatever it was stands alone: the others must not suffer from it, and its request logs it.
        log.warning("creates failed together", count=len(candidates), kind=type(error).__name__)
        half = len(candidates) // 2
        return {
            **await self._verdicts(candidates[:half], waits=waits),
            **await self._verdicts(candidates[half:], waits=waits),
        }


def _again(error: ServiceUnavailable) -> ServiceUnavailable:
    """One for each client: whoever raises an error adds to it."""
    again = copy(error)
    again.__cause__ = error.__cause__
    return again


def _stopped() -> OutcomeUnknown:
    return OutcomeUnknown("The server was stopped before it knew; send the same again.")


def _give(answer: asyncio.Future[Video], verdict: Video | Exception) -> None:
    if answer.done():
        return  # its client has left; the video stays, as ever
    if isinstance(verdict, Video):
        answer.set_result(verdict)
    else:
        answer.set_exception(verdict)
