"""The asynchronous client's way from prompt to bytes, and through the list."""

import asyncio
import json
import sys

from openai import AsyncOpenAI  # type: ignore[import-not-found]


async def main() -> None:
    async with AsyncOpenAI() as client:
        video = await client.videos.create_and_poll(prompt="A lake at dawn", poll_interval_ms=50)
        content = await client.videos.download_content(video.id)
        listed = [listed.id async for listed in client.videos.list(limit=2)]
        deleted = await client.videos.delete(video.id)
    found = {
        "video": video.to_dict(),
        "begins": content.read()[:12].hex(),
        "listed": listed,
        "deleted": deleted.to_dict(),
    }
    json.dump(found, sys.stdout)


asyncio.run(main())
