"""Policies: what an operator has had refused, asked before anything is spent. Prompts are never logged."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from filmgate.media.bench import MediaBench
from filmgate.moderation.endpoint import ModerationEndpoint
from filmgate.moderation.errors import ImageRejected, ModerationUnavailable, PromptBlocked
from filmgate.moderation.faces import FaceDetector
from filmgate.moderation.prompt_list import PromptList

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """None of them is in force unless it is there.

    `lets_unjudged_pass` says what a failure of the endpoint means; the detector's always refuses.
    """

    prompts: PromptList | None = None
    endpoint: ModerationEndpoint | None = None
    lets_unjudged_pass: bool = False
    faces: FaceDetector | None = None


NO_POLICIES = Policies()


async def check_prompt(policies: Policies, prompt: str) -> None:
    """Raises PromptBlocked, or ModerationUnavailable."""
    if policies.prompts is not None:
        line = await asyncio.to_thread(policies.prompts.line_against, prompt)
        if line is not None:
            log.info("a prompt was refused", stage="prompt list", line=line)
            raise PromptBlocked("prompt list")
    if policies.endpoint is not None:
        await _check_by_endpoint(policies, policies.endpoint, prompt)


async def check_image(policies: Policies, image: bytes, *, param: str) -> None:
    """Of a picture that we have encoded. Raises ImageRejected, or ModerationUnavailable."""
    if policies.faces is None:
        return
    async with _folder(policies.faces.scratch) as folder:
        picture = folder / "picture.webp"
        await asyncio.to_thread(picture.write_bytes, image)
        if await policies.faces.find([picture]):
            log.info("a picture was refused", stage="faces")
            raise ImageRejected(param, "the picture shows a face.")


async def check_film(policies: Policies, film: Path, *, bench: MediaBench, param: str) -> None:
    """By some of its frames. Raises ImageRejected, ModerationUnavailable, UnusableFilm or MediaUnavailable."""
    if policies.faces is None:
        return
    async with _folder(policies.faces.scratch) as folder:
        stills = await bench.stills(film, into=folder)
        if found := await policies.faces.find([still.path for still in stills]):
            moment = stills[found.picture].seconds
            log.info("a film was refused", stage="faces")
            raise ImageRejected(param, f"the film shows a face {moment:.1f} seconds in.")


async def _check_by_endpoint(policies: Policies, endpoint: ModerationEndpoint, prompt: str) -> None:
    try:
        verdict = await endpoint.judge(prompt)
    except ModerationUnavailable as error:
        log.warning("a prompt was not judged", reason=error.message, cause=str(error.__cause__))
        if policies.lets_unjudged_pass:
            return
        raise
    if verdict.is_flagged:
        log.info("a prompt was refused", stage="moderation endpoint", flags=verdict.categories)
        named = f" ({', '.join(verdict.categories)})" if verdict.categories else ""
        raise PromptBlocked(f"moderation endpoint{named}")


@asynccontextmanager
async def _folder(scratch: Path) -> AsyncIterator[Path]:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="faces-", dir=scratch))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)
