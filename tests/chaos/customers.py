"""The load: customers who wish for videos, follow them, and now and then think better of it."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from filmgate.core.video import Dialect
from tests.chaos.journal import (
    Accepted,
    Deleted,
    Fetched,
    Journal,
    Refused,
    Seen,
    Sent,
    Stopped,
    Unanswered,
    bare,
)
from tests.chaos.line import Line, NoAnswer
from tests.chaos.wishes import Create, Fate, Sending, Wish, create_of, draw_wish, query_path

POLL_SECONDS = 0.4
RETRY_SECONDS = 0.5
CROWD = 3
GIVE_UP_ANSWER_SECONDS = 0.02
"""How soon a customer hangs up who means to lose the answer: mostly before it, often after the commit."""

RUNNING_WORDS = {"processing": "in_progress"}
TERMINAL = frozenset({"completed", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who asks, for how much at once, and what it is given beforehand. A `grant` of None is no credit at all."""

    name: str
    dialects: tuple[Dialect, ...]
    at_once: int = 6
    pause: float = 0.3
    priced_share: float = 0.0
    grant: int | None = None
    running_limit: int | None = None
    queued_limit: int | None = None


ACCOUNTS = (
    Account(name="relay", dialects=(Dialect.RELAY,)),
    Account(name="openai", dialects=(Dialect.OPENAI,)),
    Account(name="gateway", dialects=(Dialect.NEWAPI,), running_limit=1, queued_limit=2),
    Account(name="paying", dialects=tuple(Dialect), priced_share=0.8, grant=10_000_000),
    Account(name="thrifty", dialects=tuple(Dialect), priced_share=1.0, grant=12_000),
)


class Customer:
    """One account's client. `run` returns when all that it was promised has come to an end, or at the deadline."""

    def __init__(self, account: Account, line: Line, journal: Journal, rng: random.Random) -> None:
        self._account = account
        self._line = line
        self._journal = journal
        self._rng = rng
        self._ids: list[str] = []

    @property
    def some_id(self) -> str | None:
        """Of a video that is this account's, for others to try their luck with."""
        return self._ids[-1] if self._ids else None

    async def run(self, *, until: asyncio.Event, stranger: "Customer") -> None:
        room = asyncio.Semaphore(self._account.at_once)
        number = 0
        async with asyncio.TaskGroup() as following:
            while not until.is_set():
                await room.acquire()
                number += 1
                wish = self._draw(number)
                following.create_task(self._fulfil(wish, room))
                if number % 5 == 0:
                    following.create_task(self._try_luck(stranger))
                await asyncio.sleep(self._account.pause * self._rng.uniform(0.5, 1.5))

    def _draw(self, number: int) -> Wish:
        return draw_wish(
            self._rng,
            f"{self._account.name}-{number}",
            dialect=self._rng.choice(self._account.dialects),
            is_priced=self._rng.random() < self._account.priced_share,
        )

    async def _fulfil(self, wish: Wish, room: asyncio.Semaphore) -> None:
        try:
            for video in await self._create(wish):
                self._ids.append(video)
                await self._follow(wish, video)
        finally:
            room.release()

    async def _create(self, wish: Wish) -> set[str]:
        """The videos that were promised: one, or none; more would be for the proof to find."""
        if wish.sending is Sending.CROWD:
            found = await asyncio.gather(*(self._send_until_answered(wish) for _ in range(CROWD)))
            return {video for video in found if video}
        if wish.sending is Sending.LOST_ANSWER:
            await self._send(wish, patience=GIVE_UP_ANSWER_SECONDS)
        if wish.sending is Sending.ONCE:
            answer = await self._send(wish)
            return {answer} if isinstance(answer, str) and answer else set()
        video = await self._send_until_answered(wish)
        return {video} if video else set()

    async def _send_until_answered(self, wish: Wish) -> str:
        while True:
            answer = await self._send(wish)
            if not isinstance(answer, NoAnswer):
                return answer
            await asyncio.sleep(RETRY_SECONDS)

    async def _send(self, wish: Wish, **patience: float) -> str | NoAnswer:
        """The id, or nothing where the server said no."""
        create = create_of(wish)
        name = self._account.name
        headers = {"Idempotency-Key": wish.key} if wish.key else {}
        self._journal.write(Sent(account=name, wish=wish.name, key=wish.key))
        answer = await self._line.ask(
            "POST", create.path, headers=headers, **content_of(create), **patience
        )
        if not isinstance(answer, NoAnswer) and _code(answer) == "idempotency_in_progress":
            return NoAnswer("another of the same is under way")
        if isinstance(answer, NoAnswer):
            self._journal.write(Unanswered(account=name, wish=wish.name, reason=answer.reason))
            return answer
        if answer.status_code != 200:
            refused = Refused(
                account=name, wish=wish.name, status=answer.status_code, code=_code(answer)
            )
            self._journal.write(refused)
            return ""
        is_replay = answer.headers.get("idempotent-replayed") == "true"
        video = str(answer.json()["id"])
        self._journal.write(
            Accepted(account=name, wish=wish.name, video=bare(video), is_replay=is_replay)
        )
        return video

    async def _follow(self, wish: Wish, video: str) -> None:
        """Until it is done, is gone, or was stopped and is seen to have stopped."""
        loop = asyncio.get_running_loop()
        change_at = loop.time() + wish.patience
        fate = wish.fate
        while (body := await self._poll(wish, video)) is not None:
            if body["status"] in TERMINAL:
                await self._enjoy(replace(wish, fate=fate), video, body)
                return
            if fate in (Fate.CANCEL, Fate.DELETE_SOON) and loop.time() >= change_at:
                await (self._cancel(video) if fate is Fate.CANCEL else self._delete(video))
                fate = Fate.KEEP
            await asyncio.sleep(POLL_SECONDS)

    async def _poll(self, wish: Wish, video: str) -> dict[str, Any] | None:
        """What it looks like, noted. None when it does not exist any more."""
        answer = await self._ask_until_answered(query_path(wish.dialect, video))
        if answer.status_code == 404:
            self._journal.write(
                Seen(account=self._account.name, video=bare(video), status="gone", progress=None)
            )
            return None
        if answer.status_code != 200:
            self._line.wrong(f"poll of {video}: {answer.status_code}: {answer.text[:300]}")
            return None
        body: dict[str, Any] = answer.json()
        body["status"] = RUNNING_WORDS.get(body["status"], body["status"])
        error = body.get("error")
        self._journal.write(
            Seen(
                account=self._account.name,
                video=bare(video),
                status=body["status"],
                progress=body.get("progress"),
                error_code=error.get("code") if isinstance(error, dict) else error,
            )
        )
        return body

    async def _ask_until_answered(self, path: str) -> httpx2.Response:
        while True:
            answer = await self._line.ask("GET", path)
            if not isinstance(answer, NoAnswer):
                return answer
            await asyncio.sleep(RETRY_SECONDS)

    async def _enjoy(self, wish: Wish, video: str, body: Mapping[str, Any]) -> None:
        """A film that is done is downloaded, by the link that came with it or by its id, and perhaps deleted."""
        if body["status"] == "completed":
            where = body.get("video_url") or f"/v1/videos/{video}/content"
            answer = await self._line.ask("GET", where)
            # A link names the API that gave it; that one may be gone by now.
            if not isinstance(answer, NoAnswer) and self._is_film(answer, video):
                size = len(answer.content)
                self._journal.write(
                    Fetched(account=self._account.name, video=bare(video), size_bytes=size)
                )
        if wish.fate is Fate.DELETE_DONE:
            await self._delete(video)

    def _is_film(self, answer: httpx2.Response, video: str) -> bool:
        if answer.status_code == 200 and answer.content[4:8] == b"ftyp":
            return True
        self._line.wrong(f"download of {video}: {answer.status_code}: {answer.content[:300]!r}")
        return False

    async def _cancel(self, video: str) -> None:
        answer = await self._line.ask("POST", f"/v1/videos/{video}/cancel")
        if isinstance(answer, NoAnswer) or _code(answer) == "invalid_transition":
            return
        if answer.status_code != 200:
            self._line.wrong(f"cancel of {video}: {answer.status_code}: {answer.text[:300]}")
            return
        self._journal.write(Stopped(account=self._account.name, video=bare(video)))

    async def _delete(self, video: str) -> None:
        """Until it is answered: a delete that may have happened is repeated, and then finds nothing."""
        is_certain = False
        while not is_certain:
            answer = await self._line.ask("DELETE", f"/v1/videos/{video}")
            is_certain = not isinstance(answer, NoAnswer)
            if not isinstance(answer, NoAnswer) and answer.status_code not in (200, 404):
                self._line.wrong(f"delete of {video}: {answer.status_code}: {answer.text[:300]}")
                return
            self._journal.write(
                Deleted(account=self._account.name, video=bare(video), is_certain=is_certain)
            )
            await asyncio.sleep(0 if is_certain else RETRY_SECONDS)

    async def _try_luck(self, other: "Customer") -> None:
        video = other.some_id
        if video is None:
            return
        answer = await self._line.ask("GET", f"/v1/videos/{video}")
        if not isinstance(answer, NoAnswer) and answer.status_code != 404:
            self._line.wrong(f"another account's {video}: {answer.status_code}")


def content_of(create: Create) -> dict[str, Any]:
    if create.json is not None:
        return {"json": create.json}
    # As the official client sends it: a form with parts, with or without a file.
    files: dict[str, tuple[None, str] | tuple[str, bytes]] = {
        name: (None, text) for name, text in (create.form or {}).items()
    }
    if create.picture is not None:
        files["input_reference"] = ("upload", create.picture)
    return {"files": files}


def _code(answer: httpx2.Response) -> str:
    if answer.status_code < 400:
        return ""
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return f"no code in {answer.text[:100]!r}"
