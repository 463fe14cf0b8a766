"""API keys, useless once revoked; and what the operator lets an account do, which counts at once."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from filmgate.core.account import ApiKeyId, new_key
from filmgate.core.errors import Conflict, NotFound, QuotaExceeded, Unauthenticated
from filmgate.core.video import Video
from filmgate.database import notices
from filmgate.database.connection import Database
from filmgate.database.ledger import EntryKind
from filmgate.usecases import accounts, rendering
from filmgate.usecases.accounts import Change, Limit
from tests.usecases.conftest import SPEC, Owner

PRICE = 10_000
"""Micro-units for a second: a film of 8 seconds costs 80,000."""


async def test_a_new_key_opens_its_account_and_is_not_stored(database: Database) -> None:
    secret, key = await accounts.create_key(database, account="studio", name="laptop")
    caller = await accounts.authenticate(database, secret)
    assert (caller.account_id, caller.api_key_id) == (key.account_id, key.id)
    async with database.connection() as connection:
        stored = await connection.fetchval("select api_key::text from api_key")
    assert secret not in stored
    assert secret.removeprefix("sk-fg-")[:20] not in stored


@pytest.mark.parametrize(
    "key", ["", "nonsense", "sk-fg-mistyped", pytest.param(new_key(), id="unknown")]
)
async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    key: str, database: Database
) -> None:
    with pytest.raises(Unauthenticated, match="not one of this server's, or it has been revoked"):
        await accounts.authenticate(database, key)


async def test_a_revoked_key_opens_nothing(database: Database) -> None:
    secret, key = await accounts.create_key(database, account="studio", name="laptop")
    await accounts.revoke_key(database, key.id)
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(database, secret)
    assert not await accounts.has_live_key(database)


async def test_revoking_a_key_that_never_was_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="no API key number 99"):
        await accounts.revoke_key(database, ApiKeyId(99))


async def test_keys_of_one_account_share_it(database: Database) -> None:
    _, first = await accounts.create_key(database, account="studio", name="a")
    _, second = await accounts.create_key(database, account="studio", name="b")
    _, stranger = await accounts.create_key(database, account="other", name="c")
    assert first.account_id == second.account_id != stranger.account_id
    assert [account for account, _ in await accounts.list_keys(database)] == [
        "studio",
        "studio",
        "other",
    ]


async def test_the_last_use_is_noted(database: Database) -> None:
    secret, _ = await accounts.create_key(database, account="studio", name="laptop")
    [(_, before)] = await accounts.list_keys(database)
    await accounts.authenticate(database, secret)
    [(_, after)] = await accounts.list_keys(database)
    assert before.last_used_at is None
    assert after.last_used_at is not None


async def test_a_key_that_the_operator_chose_is_accepted_on_every_start(
    database: Database,
) -> None:
    await accounts.ensure_key(database, "ci-secret-1")
    await accounts.ensure_key(database, "ci-secret-1")
    assert await accounts.authenticate(database, "ci-secret-1")
    assert len(await accounts.list_keys(database)) == 1


async def test_the_same_key_is_not_made_twice(database: Database) -> None:
    await accounts.create_key(database, account="a", name="a", key="ci-secret-1")
    with pytest.raises(Conflict, match="exists already"):
        await accounts.create_key(database, account="b", name="b", key="ci-secret-1")


async def test_many_replicas_may_bring_the_same_key_at_once(database: Database) -> None:
    await asyncio.gather(*(accounts.ensure_key(database, "ci-secret-1") for _ in range(6)))
    assert len(await accounts.list_keys(database)) == 1


async def test_a_revoked_key_does_not_come_back_by_the_environment(database: Database) -> None:
    await accounts.ensure_key(database, "ci-secret-1")
    [(_, key)] = await accounts.list_keys(database)
    await accounts.revoke_key(database, key.id)
    with pytest.raises(Conflict, match="was revoked"):
        await accounts.ensure_key(database, "ci-secret-1")


async def begin_all(us: Owner) -> list[Video]:
    """Whatever may begin, begins."""
    begun: list[Video] = []
    while video := await rendering.begin_next(us.database, [SPEC.engine], worker_id=UUID(int=1)):
        begun.append(video)
    return begun


async def set_running(us: Owner, most: int | None) -> None:
    await accounts.change_account(us.database, "ours", Change(running=Limit(most)))


async def test_a_new_account_has_no_limits_and_nothing_to_spend(database: Database) -> None:
    made = await accounts.create_account(database, "studio")
    (standing,) = await accounts.list_accounts(database)
    assert standing.account == made
    assert (made.weight, made.running_limit, made.queued_limit) == (1, None, None)
    assert (made.requests_per_minute, made.has_credit, made.balance) == (None, False, 0)


async def test_a_name_is_taken_once(database: Database) -> None:
    await accounts.create_account(database, "studio")
    with pytest.raises(Conflict, match="an account 'studio' already"):
        await accounts.create_account(database, "studio")


async def test_what_is_not_named_stays(us: Owner) -> None:
    first = Change(weight=3, running=Limit(2), queued=Limit(0), requests_per_minute=Limit(60))
    await accounts.change_account(us.database, "ours", first)
    await accounts.change_account(us.database, "ours", Change(has_credit=True))
    changed = await accounts.change_account(us.database, "ours", Change(queued=Limit(None)))
    ((kept,),) = [await accounts.list_accounts(us.database)]
    assert kept.account == changed
    assert (changed.weight, changed.running_limit, changed.queued_limit) == (3, 2, None)
    assert (changed.requests_per_minute, changed.has_credit) == (60, True)


async def test_an_unknown_account_is_told_with_the_nearest(us: Owner) -> None:
    for act in (
        accounts.change_account(us.database, "ourz", Change(weight=2)),
        accounts.grant(us.database, "ourz", 1),
        accounts.describe_account(us.database, "ourz", entries=1),
    ):
        with pytest.raises(NotFound, match=r"no account 'ourz'\. Did you mean 'ours'\?"):
            await act
    with pytest.raises(NotFound, match="See: filmgate accounts ls"):
        await accounts.grant(us.database, "", 1)


async def test_the_database_itself_refuses_a_limit_that_is_none(us: Owner) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await accounts.change_account(us.database, "ours", Change(weight=0))


async def test_a_raised_limit_lets_waiting_videos_begin(us: Owner) -> None:
    await set_running(us, 1)
    made = [await us.create() for _ in range(4)]
    assert len(await begin_all(us)) == 1
    await set_running(us, 3)
    assert [video.id for video in await begin_all(us)] == [video.id for video in made[1:3]]


async def test_a_limit_that_is_taken_away_lets_all_begin(us: Owner) -> None:
    await set_running(us, 1)
    for _ in range(4):
        await us.create()
    await set_running(us, None)
    assert len(await begin_all(us)) == 4


async def test_a_lowered_limit_lets_what_runs_run(us: Owner) -> None:
    for _ in range(3):
        await us.create()
    running = await begin_all(us)
    await us.create()
    await set_running(us, 1)
    late = await us.create()
    assert [(await us.retrieve(video)).status for video in running] == ["in_progress"] * 3
    assert late.id not in {video.id for video in await begin_all(us)}


async def test_workers_are_called_where_a_raised_limit_lets_somebody_in(
    us: Owner, dsn: str
) -> None:
    await set_running(us, 1)
    for _ in range(2):
        await us.create()
    called = asyncio.Event()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener(notices.WORK_CHANNEL, lambda *_: called.set())
    await set_running(us, 2)
    async with asyncio.timeout(5):
        await called.wait()
    await listener.close()


async def test_a_grant_is_entered_and_can_be_spent(us: Owner) -> None:
    await accounts.change_account(us.database, "ours", Change(has_credit=True))
    with pytest.raises(QuotaExceeded):
        await us.create(price_per_second=PRICE)
    assert (await accounts.grant(us.database, "ours", 80_000)).balance == 80_000
    await us.create(price_per_second=PRICE)
    statement = await accounts.describe_account(us.database, "ours", entries=10)
    assert statement.standing.account.balance == 0
    assert [(entry.kind, entry.amount) for entry in statement.entries] == [
        (EntryKind.RESERVE, -80_000),
        (EntryKind.GRANT, 80_000),
    ]


async def test_a_grant_can_be_corrected_but_not_below_what_is_promised(us: Owner) -> None:
    await accounts.change_account(us.database, "ours", Change(has_credit=True))
    await accounts.grant(us.database, "ours", 100_000)
    await us.create(price_per_second=PRICE)
    with pytest.raises(Conflict, match=r"has 0\.02 left"):
        await accounts.grant(us.database, "ours", -20_001)
    assert (await accounts.grant(us.database, "ours", -20_000)).balance == 0


async def test_corrections_at_once_take_no_more_than_there_is(us: Owner) -> None:
    await accounts.change_account(us.database, "ours", Change(has_credit=True))
    await accounts.grant(us.database, "ours", 50)
    results = await asyncio.gather(
        *(accounts.grant(us.database, "ours", -10) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, Conflict) for result in results) == 3


async def test_without_credit_a_correction_may_leave_a_bill(us: Owner) -> None:
    assert (await accounts.grant(us.database, "ours", -5)).balance == -5


async def test_the_accounts_are_listed_with_what_they_have_under_way(
    us: Owner, them: Owner
) -> None:
    for _ in range(3):
        await us.create()
    await rendering.begin_next(us.database, [SPEC.engine], worker_id=UUID(int=1))
    found = {
        each.account.name: (each.waiting, each.running)
        for each in await accounts.list_accounts(us.database)
    }
    assert found == {"ours": (2, 1), "theirs": (0, 0)}
