"""What a status route is in most servers: FastAPI, a path parameter and a response model, no database."""

from fastapi import FastAPI
from pydantic import BaseModel

from bench.references.uvicorn_server import serve


class VideoAnswer(BaseModel):
    """The thirteen keys of the openai dialect's video."""

    id: str
    object: str = "video"
    model: str = "sora-2"
    status: str = "completed"
    progress: int = 100
    created_at: int = 1_760_000_000
    completed_at: int | None = 1_760_000_060
    expires_at: int | None = 1_760_086_460
    prompt: str | None = "A cat dancing in the rain, cinematic style"
    size: str = "1280x720"
    seconds: str = "8"
    remixed_from_video_id: str | None = None
    error: dict[str, str] | None = None


app = FastAPI(openapi_url=None)


@app.get("/v1/videos/{video_id}")
async def retrieve(video_id: str) -> VideoAnswer:
    return VideoAnswer(id=video_id)


if __name__ == "__main__":
    serve(app)
