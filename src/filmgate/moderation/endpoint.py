"""The moderation endpoint: an HTTP service of the operator's choice that looks at prompts, in openai's words."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from filmgate.moderation.errors import ModerationUnavailable

TIME_LIMIT = timedelta(seconds=10)
"""For the whole exchange: a client waits for it with every create."""

MAX_ANSWER_BYTES = 1 << 20
CATEGORY = re.compile(r"[\w /-]{1,64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`categories` are the endpoint's own words for what it flagged."""

    is_flagged: bool
    categories: Sequence[str] = ()


class ModerationEndpoint:
    """Not the guarded client: the address is the operator's, and may well be a private one."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        model: str | None,
        time_limit: timedelta = TIME_LIMIT,
    ) -> None:
        self._url = url
        self._model = {"model": model} if model else {}
        self._time_limit = time_limit
        self._http = httpx2.AsyncClient(
            headers={"authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=time_limit.total_seconds(),
            follow_redirects=False,
            trust_env=False,
        )

    async def judge(self, prompt: str) -> Verdict:
        """Raises ModerationUnavailable when there is no verdict in time, whatever the reason."""
        try:
            async with asyncio.timeout(self._time_limit.total_seconds()):
                answer = await self._answer(prompt)
            return _verdict(answer)
        except TimeoutError as error:
            raise ModerationUnavailable(_away("took too long")) from error
        except httpx2.HTTPError as error:
            raise ModerationUnavailable(_away("could not be reached")) from error
        except (ValueError, RecursionError) as error:
            raise ModerationUnavailable(_away("gave no usable answer")) from error

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _answer(self, prompt: str) -> bytes:
        request = {"input": prompt, **self._model}
        async with self._http.stream("POST", self._url, json=request) as response:
            if response.status_code != httpx2.codes.OK:
                raise ValueError(f"the status {response.status_code}")
            data = b""
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise ValueError("an answer without end")
            return data


def _verdict(answer: bytes) -> Verdict:
    """Raises ValueError for whatever is not clearly a verdict: a guess would let prompts through."""
    document = json.loads(answer)
    results = document.get("results") if isinstance(document, Mapping) else None
    if not isinstance(results, list) or not results:
        raise ValueError("no results")
    flags = [each.get("flagged") if isinstance(each, Mapping) else None for each in results]
    if not all(isinstance(flag, bool) for flag in flags):
        raise ValueError("a result without flagged")
    categories = {name for each in results for name in _categories(each)}
    return Verdict(any(flags), tuple(sorted(categories)) if any(flags) else ())


def _categories(result: Mapping[str, object]) -> list[str]:
    """Those that hold; they are shown to clients, so only what looks like a name."""
    found = result.get("categories")
    if not isinstance(found, Mapping):
        return []
    return [
        str(name) for name, holds in found.items() if holds is True and CATEGORY.fullmatch(name)
    ]


def _away(what: str) -> str:
    return f"The moderation endpoint {what}, and without it no prompt is accepted."
