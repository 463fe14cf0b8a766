"""One video by an upstream: submitted once, followed, fetched; or, when nobody wants it any more, stopped."""

from filmgate.core.ports import Attempt, RenderedFile, Token
from filmgate.core.spec import VideoSpec
from filmgate.core.submission import Submission
from filmgate.engines.upstream.calls import Channel, Order, Reach
from filmgate.engines.upstream.following import follow
from filmgate.engines.upstream.submitting import submit


async def make(spec: VideoSpec, attempt: Attempt, *, channel: Channel) -> RenderedFile:
    """Raises EngineError.

    A cancellation ends the following and leaves the job alone: whether another attempt goes on with it, or nobody
    wants it any more (see `forget`), is not known here.
    """
    submission = await submit(Order(spec, attempt.references), attempt, channel=channel)
    upstream = channel.reach(submission.terms)
    return RenderedFile(await follow(submission, attempt, upstream=upstream, channel=channel))


async def forget(token: Token, *, reach: Reach) -> None:
    """Have the job stopped that the token names. Raises EngineUnavailable when it should be tried again.

    Of an intent without an id nothing is known to stop: to ask by sending it again could begin what is to end, and
    a look-up could find another video's job.
    """
    try:
        submission = Submission.from_token(token)
    except ValueError:
        return
    if submission is not None and submission.upstream_id is not None:
        await reach(submission.terms).stop(submission.upstream_id)
