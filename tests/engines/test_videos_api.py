"""The engine for openai-shaped upstreams, against one on loopback that fails as told."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from filmgate.core.errors import DatabaseUnavailable, EngineFailed, EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.spec import CharacterId, Size, VideoSpec
from filmgate.core.submission import Submission, Terms
from filmgate.engines.upstream.calls import Patience
from filmgate.engines.videos_api.engine import Contract, VideosApiEngine
from filmgate.engines.videos_api.upstream import Limits
from tests.eventually import eventually
from tests.noted_attempt import NotedAttempt, Row
from tests.scripted_server import Reply, ScriptedServer, error_reply, json_reply
from tests.upstream_server import Fault, UpstreamServer

SPEC = VideoSpec(
    model="sora-2", engine="cloud", prompt="A cat", size=Size(720, 1280), seconds=8, seed=5
)
KEY = "up-secret-key"
SOON = timedelta(milliseconds=5)
PATIENCE = Patience(
    first_look=SOON,
    longest_pause=SOON,
    away_limit=timedelta(milliseconds=500),
    unknown_limit=3,
    look_up_pauses=(SOON, SOON),
    leave_limit=timedelta(seconds=2),
)
FILM = bytes(range(256)) * 900


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    with UpstreamServer(FILM, api_key=KEY) as running:
        yield running


class Site:
    """One video, and the engine that its attempts use, made anew when the configuration changes."""

    def __init__(self, server: UpstreamServer, folder: Path) -> None:
        self.terms = Terms(upstream="cloud", url=server.url, credential="UP_KEY")
        self.limits = Limits(submit=timedelta(seconds=5))
        self.secrets = {"UP_KEY": KEY}
        self.row = Row()
        self.rows: list[Row] = []
        self.references: tuple[Path, ...] = ()
        self._folder = folder
        self._engines: list[tuple[object, VideosApiEngine]] = []

    def engine(self) -> VideosApiEngine:
        contract = Contract(terms=self.terms, names={"sora-2": "theirs"}, limits=self.limits)
        if not self._engines or self._engines[-1][0] != (contract, self.secrets):
            made = VideosApiEngine(contract, secrets=self.secrets, patience=PATIENCE)
            self._engines.append(((contract, self.secrets), made))
        return self._engines[-1][1]

    def attempt(self) -> NotedAttempt:
        """At the video of `row`; those that were there before are known."""
        if not any(self.row is row for row in self.rows):
            self.rows.append(self.row)
        folder = self._folder / f"{len(self.rows)}-{self.row.attempt}"
        return NotedAttempt(self.row, folder, references=self.references, others=self.rows)

    async def render(self, spec: VideoSpec = SPEC) -> bytes:
        made = await self.engine().render(spec, self.attempt())
        return await asyncio.to_thread(made.path.read_bytes)

    async def aclose(self) -> None:
        for _, engine in self._engines:
            await engine.aclose()


@pytest.fixture
async def site(server: UpstreamServer, tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(server, tmp_path)
    yield made
    await made.aclose()


async def failure_of(site: Site, spec: VideoSpec = SPEC) -> EngineFailed:
    with pytest.raises(EngineFailed) as failed:
        await site.render(spec)
    return failed.value


def token_of(row: Row) -> Token:
    assert row.token is not None
    return row.token


async def test_a_video_is_submitted_followed_and_fetched(
    site: Site, server: UpstreamServer
) -> None:
    engine, attempt = site.engine(), site.attempt()
    made = await engine.render(SPEC, attempt)
    assert await asyncio.to_thread(made.path.read_bytes) == FILM
    assert made.path.is_relative_to(attempt.workdir)
    assert (attempt.told[0], attempt.told[-1]) == (50, 100)
    [job] = server.paid
    assert job.fields == {
        "model": "theirs",
        "prompt": "A cat",
        "size": "720x1280",
        "seconds": "8",
        "seed": "5",
    }
    intent, submitted = site.row.saves
    assert job.key == intent["intent"] == submitted["intent"]
    assert "id" not in intent
    assert submitted["id"] == job.id


async def test_a_reference_image_goes_along(
    site: Site, server: UpstreamServer, tmp_path: Path
) -> None:
    picture = tmp_path / "input-0.webp"
    picture.write_bytes(b"RIFF a picture")
    site.references = (picture,)
    await site.render()
    assert server.paid[0].picture == b"RIFF a picture"


async def test_no_seed_is_sent_that_nobody_named(site: Site, server: UpstreamServer) -> None:
    await site.render(replace(SPEC, seed=None))
    assert "seed" not in server.paid[0].fields


async def test_the_resume_point_names_the_credential_and_holds_no_secret(site: Site) -> None:
    await site.render()
    assert token_of(site.row)["credential"] == "UP_KEY"
    assert KEY not in str(site.row.saves)


IN_DOUBT = [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.ERROR_AFTER, Fault.ERROR_BEFORE]


@pytest.mark.parametrize("fault", [*IN_DOUBT, Fault.GARBAGE])
async def test_a_post_in_doubt_is_not_repeated(
    fault: Fault, site: Site, server: UpstreamServer
) -> None:
    server.faults = [fault]
    for _ in range(2):
        failure = await failure_of(site)
        assert failure.failure_code == "upstream_submission_unknown"
    assert server.creates == 1


async def test_an_answer_that_comes_too_late_leaves_a_doubt(
    site: Site, server: UpstreamServer
) -> None:
    server.faults = [Fault.LATE]
    site.limits = Limits(submit=timedelta(milliseconds=200))
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"
    assert server.creates == 1


@pytest.mark.parametrize("fault", [*IN_DOUBT, Fault.GARBAGE])
async def test_a_post_in_doubt_is_repeated_under_its_key_where_keys_are_honoured(
    fault: Fault, site: Site, server: UpstreamServer
) -> None:
    server.honours_keys, server.faults = True, [fault]
    site.terms = replace(site.terms, key_window=timedelta(hours=1))
    with pytest.raises(EngineUnavailable, match="not known yet"):
        await site.render()
    assert await site.render() == FILM
    assert (server.creates, len(server.paid)) == (2, 1)


async def test_a_refusal_of_a_repeated_post_leaves_the_doubt(
    site: Site, server: UpstreamServer
) -> None:
    server.honours_keys, server.faults = True, [Fault.DROP_AFTER, Fault.TOO_MANY]
    site.terms = replace(site.terms, key_window=timedelta(hours=1))
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="not known yet"):
            await site.render()
    assert await site.render() == FILM
    assert len(server.paid) == 1


async def test_a_post_in_doubt_is_looked_up_where_jobs_are_listed(
    site: Site, server: UpstreamServer
) -> None:
    server.lists, server.faults = True, [Fault.DROP_AFTER]
    site.terms = replace(site.terms, can_list=True)
    assert await site.render() == FILM
    assert (server.creates, len(server.paid)) == (1, 1)


async def test_not_to_be_listed_proves_nothing(site: Site, server: UpstreamServer) -> None:
    server.lists, server.faults = True, [Fault.DROP_BEFORE]
    site.terms = replace(site.terms, can_list=True)
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"
    assert server.creates == 1


@pytest.mark.parametrize("other", [{"prompt": "A dog"}, {"seconds": 4}, {"size": Size(1280, 720)}])
async def test_another_listed_job_is_not_adopted(
    other: dict[str, object], site: Site, server: UpstreamServer
) -> None:
    server.lists = True
    await site.render(replace(SPEC, **other))  # type: ignore[arg-type]
    site.row, server.faults = Row(), [Fault.DROP_BEFORE]
    site.terms = replace(site.terms, can_list=True)
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"


async def test_a_job_from_before_the_intent_is_not_adopted(
    site: Site, server: UpstreamServer
) -> None:
    server.lists, server.clock = True, 1_500_000_000
    await site.render()
    site.row, server.faults = Row(), [Fault.DROP_BEFORE]
    site.terms = replace(site.terms, can_list=True)
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"


async def test_of_two_jobs_that_could_be_it_none_is_adopted(
    site: Site, server: UpstreamServer
) -> None:
    server.lists = True
    await site.render()
    site.rows, site.row, server.faults = [], Row(), [Fault.DROP_AFTER]  # whose it was is not known
    site.terms = replace(site.terms, can_list=True)
    assert "2 jobs" in (await failure_of(site)).message


async def test_another_videos_finished_job_is_not_adopted(
    site: Site, server: UpstreamServer
) -> None:
    server.lists = True
    await site.render()
    site.row, server.faults = Row(), [Fault.DROP_BEFORE]
    site.terms = replace(site.terms, can_list=True)
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"
    assert "id" not in token_of(site.row)


async def test_a_video_finds_its_own_job_beside_another_videos(
    site: Site, server: UpstreamServer
) -> None:
    server.lists = True
    await site.render()
    site.row, server.faults = Row(), [Fault.DROP_AFTER]
    site.terms = replace(site.terms, can_list=True)
    assert await site.render() == FILM
    assert token_of(site.row)["id"] == "video_up1"


async def test_a_job_that_may_be_another_videos_is_left_until_that_is_known(
    site: Site, server: UpstreamServer
) -> None:
    server.lists = True
    site.terms = replace(site.terms, can_list=True)
    first = site.row
    server.faults = [Fault.LATE, Fault.DROP_BEFORE]
    render = asyncio.gather(site.engine().render(SPEC, site.attempt()))
    await asyncio.to_thread(server.created.wait, 5)
    site.row = Row()
    with pytest.raises(EngineUnavailable, match="another video's"):
        await site.render()
    server.hurry.set()
    await render
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"
    assert (token_of(first)["id"], len(server.paid)) == ("video_up0", 1)


async def test_a_found_job_that_could_not_be_committed_is_found_again(
    site: Site, server: UpstreamServer
) -> None:
    server.lists, server.faults = True, [Fault.DROP_AFTER]
    site.terms = replace(site.terms, can_list=True)

    def be_away(token: Token) -> None:
        if "id" in token:
            raise DatabaseUnavailable("restarting")

    attempt = site.attempt()
    attempt.on_save = be_away
    with pytest.raises(DatabaseUnavailable):
        await site.engine().render(SPEC, attempt)
    assert await site.render() == FILM
    assert (server.creates, len(server.paid)) == (1, 1)


async def test_a_job_is_found_where_the_upstreams_clock_is_minutes_behind(
    site: Site, server: UpstreamServer
) -> None:
    server.lists, server.faults = True, [Fault.DROP_AFTER]
    server.clock = int((datetime.now(UTC) - timedelta(minutes=10)).timestamp())
    site.terms = replace(site.terms, can_list=True)
    assert await site.render() == FILM


async def test_what_is_looked_for_is_not_posted_again_by_a_host_whose_clock_is_behind(
    site: Site, server: UpstreamServer
) -> None:
    server.lists, server.honours_keys = True, True
    site.terms = replace(site.terms, can_list=True, key_window=timedelta(hours=1))
    left = Submission(terms=site.terms, key="k", intended_at=datetime.now(UTC), is_doubtful=True)
    site.row.token = left.sought().to_token()
    assert (await failure_of(site)).failure_code == "upstream_submission_unknown"
    assert server.creates == 0


@pytest.mark.parametrize("fault", [*IN_DOUBT, Fault.GARBAGE])
async def test_an_upstream_that_costs_nothing_is_simply_asked_again(
    fault: Fault, site: Site, server: UpstreamServer
) -> None:
    server.faults = [fault]
    site.terms = replace(site.terms, charges=False)
    with pytest.raises(EngineUnavailable):
        await site.render()
    assert await site.render() == FILM


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.FORBIDDEN])
async def test_what_was_certainly_not_accepted_is_tried_again(
    fault: Fault, site: Site, server: UpstreamServer
) -> None:
    server.faults = [fault]
    with pytest.raises(EngineUnavailable) as declined:
        await site.render()
    assert KEY not in declined.value.message
    assert site.row.token == {}
    assert await site.render() == FILM
    keys = [save["intent"] for save in site.row.saves if save]
    assert len(set(keys)) == 2


async def test_an_upstream_that_cannot_be_reached_leaves_no_doubt(site: Site) -> None:
    alive, site.terms = site.terms, replace(site.terms, url="http://127.0.0.1:1")
    with pytest.raises(EngineUnavailable, match="No connection"):
        await site.render()
    assert site.row.token == {}
    site.terms = alive
    assert await site.render() == FILM


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault.BAD, "upstream_rejected", "seconds must be 5"),
        (Fault.MODERATED, "moderation_blocked", "Not this prompt"),
    ],
)
async def test_a_refused_video_fails_with_the_reason(
    fault: Fault, code: str, words: str, site: Site, server: UpstreamServer
) -> None:
    server.faults = [fault]
    failure = await failure_of(site)
    assert failure.failure_code == code
    assert words in failure.message


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("moderation_blocked", "moderation_blocked"),
        ("image_rejected", "image_rejected"),
        ("cuda_out_of_memory", "engine_failed"),
    ],
)
async def test_a_job_that_fails_is_a_verdict(
    theirs: str, ours: str, site: Site, server: UpstreamServer
) -> None:
    server.failure = (theirs, "It did not work.")
    failure = await failure_of(site)
    assert failure.failure_code == ours
    assert "It did not work." in failure.message
    assert server.creates == 1


async def test_what_an_upstream_says_is_short_plain_and_without_our_key(
    site: Site, server: UpstreamServer
) -> None:
    server.failure = ("x", f"\x1b[31m{KEY}\n" + "very long " * 200)
    message = (await failure_of(site)).message
    assert len(message) < 500
    assert message.isprintable()
    assert KEY not in message


async def test_the_next_attempt_follows_the_same_job(site: Site, server: UpstreamServer) -> None:
    server.content_replies = [Reply(200, FILM, cut_after=1000)]
    with pytest.raises(EngineUnavailable, match="did not arrive"):
        await site.render()
    assert await site.render() == FILM
    assert server.creates == 1


async def test_trouble_while_following_is_waited_out(site: Site, server: UpstreamServer) -> None:
    server.look_replies = [
        error_reply(503, "service_unavailable", "Away."),
        error_reply(429, "rate_limit_exceeded", "Slower.", retry_after_ms="10"),
        Reply(200, b"not json"),
        error_reply(404, "video_not_found", "This replica has not heard of it yet."),
    ]
    assert await site.render() == FILM
    assert server.creates == 1


async def test_an_upstream_that_stays_away_ends_the_attempt_and_not_the_video(
    site: Site, server: UpstreamServer
) -> None:
    server.look_replies = [error_reply(503, "service_unavailable", "Away.")] * 200
    with pytest.raises(EngineUnavailable, match="503"):
        await site.render()
    server.look_replies = []
    assert await site.render() == FILM
    assert server.creates == 1


async def test_a_failed_job_may_be_answered_with_its_failures_own_status(
    site: Site, server: UpstreamServer
) -> None:
    failed = {"id": "video_up0", "status": "failed", "error": {"message": "Out of memory."}}
    server.look_replies = [json_reply(failed, 500)]
    failure = await failure_of(site)
    assert failure.failure_code == "engine_failed"
    assert "Out of memory." in failure.message


async def test_a_lost_job_that_was_paid_for_fails_and_says_so(
    site: Site, server: UpstreamServer
) -> None:
    server.content_replies = [Reply(500)]
    with pytest.raises(EngineUnavailable):
        await site.render()
    server.restart()
    failure = await failure_of(site)
    assert failure.failure_code == "engine_failed"
    assert "charged" in failure.message
    assert server.creates == 1


async def test_a_lost_job_that_cost_nothing_is_made_again(
    site: Site, server: UpstreamServer
) -> None:
    site.terms = replace(site.terms, charges=False)
    server.content_replies = [Reply(500)]
    with pytest.raises(EngineUnavailable):
        await site.render()
    server.restart()
    with pytest.raises(EngineUnavailable, match="once more"):
        await site.render()
    assert await site.render() == FILM
    assert server.creates == 2


async def test_a_change_of_configuration_orphans_no_job(site: Site, server: UpstreamServer) -> None:
    server.content_replies = [Reply(500)]
    with pytest.raises(EngineUnavailable):
        await site.render()
    site.terms = Terms(upstream="cloud", url="http://127.0.0.1:1", credential="NEW_KEY")
    site.secrets = {"NEW_KEY": "another", "UP_KEY": KEY}
    assert await site.render() == FILM


async def test_a_credential_that_is_gone_leaves_the_job_where_it_is(site: Site) -> None:
    site.secrets = {}
    with pytest.raises(EngineUnavailable, match="key for the upstream"):
        await site.render()
    assert site.row.saves == []


async def test_a_film_that_is_too_large_is_not_stored(site: Site) -> None:
    site.limits = Limits(film_bytes=len(FILM) - 1)
    assert "bytes" in (await failure_of(site)).message


async def test_a_redirected_download_is_followed_without_our_key(
    server: UpstreamServer, tmp_path: Path
) -> None:
    with ScriptedServer() as elsewhere:
        elsewhere.on("GET", "/film.mp4", Reply(200, FILM))
        server.content_replies = [Reply(302, headers={"location": f"{elsewhere.url}/film.mp4"})]
        contract = Contract(terms=Terms(upstream="cloud", url=server.url, credential="UP_KEY"))
        engine = VideosApiEngine(
            contract, secrets={"UP_KEY": KEY}, patience=PATIENCE, allow=[ip_network("127.0.0.0/8")]
        )
        made = await engine.render(SPEC, NotedAttempt(Row(), tmp_path))
        await engine.aclose()
        [request] = elsewhere.requests("GET", "/film.mp4")
    assert "authorization" not in request.headers
    assert await asyncio.to_thread(made.path.read_bytes) == FILM


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/film.mp4", "file:///etc/passwd", "http://[::"]
)
async def test_a_download_is_not_followed_into_our_own_network(
    location: str, site: Site, server: UpstreamServer
) -> None:
    server.content_replies = [Reply(302, headers={"location": location})]
    with pytest.raises(EngineUnavailable, match=r"points to|redirects to"):
        await site.render()


async def test_a_cancelled_attempt_leaves_its_job_to_whoever_goes_on(
    site: Site, server: UpstreamServer
) -> None:
    server.looks_needed = 10_000
    render = asyncio.gather(site.engine().render(SPEC, site.attempt()))
    await asyncio.to_thread(server.looked_at.wait, 5)
    render.cancel()
    with pytest.raises(asyncio.CancelledError):
        await render
    assert server.stopped == []
    server.looks_needed = 0
    assert await site.render() == FILM
    assert server.creates == 1


async def test_an_attempt_cancelled_while_it_posts_still_hears_the_answer(
    site: Site, server: UpstreamServer
) -> None:
    server.faults = [Fault.LATE]
    render = asyncio.gather(site.engine().render(SPEC, site.attempt()))
    await asyncio.to_thread(server.created.wait, 5)
    render.cancel()
    await asyncio.sleep(0)
    server.hurry.set()
    with pytest.raises(asyncio.CancelledError):
        await render
    assert token_of(site.row)["id"] == "video_up0"
    assert await site.render() == FILM
    assert server.creates == 1


async def test_a_cancelled_attempt_waits_for_an_answer_only_so_long(
    site: Site, server: UpstreamServer
) -> None:
    server.faults = [Fault.LATE]
    engine = VideosApiEngine(
        Contract(terms=site.terms),
        secrets=site.secrets,
        patience=replace(PATIENCE, leave_limit=timedelta(milliseconds=50)),
    )
    render = asyncio.gather(engine.render(SPEC, site.attempt()))
    await asyncio.to_thread(server.created.wait, 5)
    render.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(render, 2)
    await engine.aclose()
    assert "id" not in token_of(site.row)


async def test_a_forgotten_video_is_stopped_at_the_upstream(
    site: Site, server: UpstreamServer
) -> None:
    server.content_replies = [Reply(500)]
    with pytest.raises(EngineUnavailable):
        await site.render()
    await site.engine().forget(token_of(site.row))
    await site.engine().forget(token_of(site.row))
    assert server.stopped == ["video_up0"]


async def test_of_what_was_only_intended_nothing_is_stopped_and_nothing_posted(
    site: Site, server: UpstreamServer
) -> None:
    server.faults = [Fault.DROP_AFTER]
    await failure_of(site)
    for token in (token_of(site.row), {}, {"job": "7"}):
        await site.engine().forget(token)
    assert (server.stopped, server.creates) == ([], 1)


async def test_an_upstream_that_is_away_is_told_another_time(site: Site) -> None:
    token = dict(Submission.to_token(_submitted(replace(site.terms, url="http://127.0.0.1:1"))))
    with pytest.raises(EngineUnavailable):
        await site.engine().forget(token)


def _submitted(terms: Terms) -> Submission:
    read = Submission.from_token(
        {
            "intent": "k",
            "intended_at": "2026-11-21T12:00:00+00:00",
            "upstream": terms.upstream,
            "url": terms.url,
            "charges": "yes",
            "can_list": "no",
            "credential": "UP_KEY",
            "id": "video_up0",
        }
    )
    assert read is not None
    return read


async def test_a_ready_upstream_says_nothing_and_one_that_is_away_does(site: Site) -> None:
    await site.engine().check()
    site.terms = replace(site.terms, url="http://127.0.0.1:1")
    with pytest.raises(EngineUnavailable):
        await site.engine().check()


async def test_a_wrong_key_shows_in_the_check(site: Site) -> None:
    site.secrets = {"UP_KEY": "wrong"}
    with pytest.raises(EngineUnavailable, match="401"):
        await site.engine().check()


async def test_a_verdict_stands_for_a_few_seconds(site: Site, server: UpstreamServer) -> None:
    engine = site.engine()
    await engine.check()
    server.api_key = "changed"
    await engine.check()


@pytest.mark.parametrize(
    "spec",
    [replace(SPEC, characters=(CharacterId("c"),))],
)
async def test_what_an_upstream_cannot_do_is_refused_before_anything_is_sent(
    spec: VideoSpec, site: Site, server: UpstreamServer
) -> None:
    assert (await failure_of(site, spec)).failure_code == "upstream_rejected"
    assert (server.creates, site.row.saves) == (0, [])


async def test_an_id_is_put_into_no_other_path(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.on("POST", "/v1/videos", json_reply({"id": "../models?x=/#"}))
        looked = "/v1/videos/..%2Fmodels%3Fx%3D%2F%23"
        server.on("GET", looked, json_reply({"id": "x", "status": "failed"}))
        engine = VideosApiEngine(
            Contract(terms=Terms(upstream="u", url=server.url)), secrets={}, patience=PATIENCE
        )
        with pytest.raises(EngineFailed):
            await engine.render(SPEC, NotedAttempt(Row(), tmp_path))
        await engine.aclose()
        assert len(server.requests("GET", looked)) == 1


async def test_an_answer_without_end_is_not_read(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.on("POST", "/v1/videos", Reply(200, b"[" * (2 << 20)))
        engine = VideosApiEngine(
            Contract(terms=Terms(upstream="u", url=server.url)), secrets={}, patience=PATIENCE
        )
        with pytest.raises(EngineFailed, match=re.compile("not known")):
            await engine.render(SPEC, NotedAttempt(Row(), tmp_path))
        await engine.aclose()


async def test_jobs_are_listed_page_by_page(site: Site, server: UpstreamServer) -> None:
    server.lists, server.looks_needed = True, 0
    server.faults = [Fault.DROP_AFTER]
    site.terms = replace(site.terms, can_list=True)
    render = asyncio.gather(site.engine().render(SPEC, site.attempt()))

    async def others() -> bool:
        return bool(server.paid)

    await eventually(others)
    other = server.paid[0]
    for number in range(250):
        fields = {**other.fields, "prompt": "A dog"}
        server.paid.append(replace(other, id=f"video_other{number}", fields=fields))
    assert len(await render) == 1
    assert token_of(site.row)["id"] == other.id
