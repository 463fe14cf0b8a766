"""Seeding: a database as years of use leave it, written by SQL in minutes instead of by requests in days.

Everything is what the use cases would have written: fairness tags that follow each other, places that the accounts'
limits allow, events, money that adds up. Indexes are made after the rows.
"""

from dataclasses import dataclass
from typing import Final

import asyncpg

from filmgate.database.migrate import migrate

LARGEST: Final = 1
"""The number of the account to which a tenth of all finished videos belongs."""

LONGEST: Final = 2
"""The number of the account to which a twentieth of all queued videos belongs."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of everything. Finished videos spread over `days`, queued ones over the last 20 hours."""

    accounts: int
    queued: int
    running: int
    finished: int
    days: int = 60


_INDEXED: Final = ("video", "event", "ledger", "delivery", "idempotency")

# Time, then chance, as `core.video.new_video_id` writes them: Crockford's letters hold all hexadecimal ones.
_MAKE_ID: Final = f"""
create function make_id(at timestamptz, number bigint) returns text language plpgsql immutable as $$
declare moment bigint := extract(epoch from at) * 1000;
begin
    return {
    " || ".join(
        f"substr('0123456789abcdefghjkmnpqrstvwxyz', (moment >> {shift} & 31)::int + 1, 1)"
        for shift in range(45, -1, -5)
    )
} || substr(md5(number::text), 1, 16);
end $$
"""

_ACCOUNTS: Final = (
    "insert into account (name) select 'account ' || n from generate_series(1, {accounts}) as n",
    # A tenth may run five at once, a tenth pays in advance.
    "update account set running_limit = 5 where id % 10 = 0",
    "update account set has_credit = true where id % 10 = 5",
    """
    insert into api_key (account_id, name, digest, hint, last_used_at)
    select id, 'key', sha256(name::bytea), 'none', now() from account
    """,
    """
    insert into webhook_endpoint (id, account_id, url, events, secret)
    select make_id(now(), id), id, 'https://receiver.invalid/', '{{video.completed,video.failed}}', 'secret'
    from account where id % 5 = 3
    """,
)

_FINISHED: Final = """
with made as (
    select n, case when n % 10 = 0 then {largest} else 1 + n % {accounts} end as account_id,
           now() - make_interval(secs => ({finished} - n + 1) * {days} * 86400.0 / {finished} + 60) as at,
           case when n % 25 < 20 then 'completed' when n % 25 < 23 then 'failed' else 'cancelled' end as status,
           n % 5 = 2 as is_priced, n % 5 = 3 as is_elsewhere
    from generate_series(1, {finished}) as n)
insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds, status, progress,
                   attempt, revision, heartbeat_at, created_at, updated_at, started_at, completed_at,
                   expires_at, emptied_at, deleted_at, file_key, file_bytes, file_duration, has_pictures,
                   failure_code, failure_message, api_key_id, price_per_second, charge, fair_start, fair_cost,
                   worker_id, token)
select id, account_id, 'openai', 'sora-2', case when is_elsewhere then 'upstream' else 'scenes' end,
       'A film about number ' || n || repeat(', seen from afar', 6), 1280, 720, 8, status,
       case status when 'completed' then 100 else 40 end, 1, 20, ended_at, at, ended_at, at + interval '2 seconds',
       ended_at, case status when 'completed' then ended_at + interval '1 day' end,
       case when ended_at < now() - interval '25 hours' then ended_at + interval '1 day' end,
       case when n % 100 = 7 then ended_at end,
       case status when 'completed' then 'videos/' || id || '/1/video.mp4' end,
       case status when 'completed' then 1500000 end, case status when 'completed' then 8.0 end,
       status = 'completed', case when status = 'completed' then null when status = 'failed' then 'engine_failed'
       else 'cancelled' end, case when status <> 'completed' then 'It ended without a film.' end, account_id,
       case when is_priced then 50000 end,
       case when is_priced then case status when 'completed' then 400000 else 0 end end, 0, 8000000,
       md5((n % 16)::text)::uuid,
       case when is_elsewhere then jsonb_build_object('url', 'https://upstream.invalid/v1', 'id', 'video_' || md5(n::text),
                                                      'intent', md5(n::text), 'told', 'yes') end
from (select *, make_id(at, n) as id, at + interval '40 seconds' as ended_at from made) as video
"""

_RUNNING: Final = """
insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds, status, progress, attempt,
                   revision, heartbeat_at, created_at, started_at, api_key_id, fair_cost, worker_id, token)
select make_id(at, -n), account_id, 'openai', 'sora-2', 'upstream', 'A film that is being made, number ' || n, 1280,
       720, 8, 'in_progress', 40, 1, 20, now() + interval '1 day', at, at + interval '2 seconds', account_id, 8000000,
       md5((n % 16)::text)::uuid, jsonb_build_object('url', 'https://upstream.invalid/v1', 'id', 'job_' || n, 'intent', n::text)
from (select n, 1 + n % {accounts} as account_id, now() - interval '1 hour' as at
      from generate_series(1, {running}) as n) as made
where account_id % 10 <> 0
"""

# Each begins where its account's one before it ends; those beyond the account's limit stand outside the line.
_QUEUED: Final = """
with made as (
    select n, case when n % 20 = 0 then {longest} else 1 + n % {accounts} end as account_id,
           case when n % 10 = 3 then 'upstream' else 'scenes' end as engine,
           now() - make_interval(secs => ({queued} - n + 1) * 72000.0 / {queued}) as at
    from generate_series(1, {queued}) as n)
insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds, created_at, api_key_id,
                   price_per_second, fair_start, fair_cost, is_admitted)
select make_id(at, {finished} + n), account_id, 'openai', 'sora-2', engine,
       'A film about number ' || n || repeat(', seen from afar', 6), 1280, 720, 8, at, account_id,
       case when n % 5 = 2 then 50000 end,
       8000000 * (row_number() over (partition by engine, account_id order by n) - 1), 8000000,
       account_id % 10 <> 0 or row_number() over (partition by account_id order by n) <= 5
from made
"""

_AROUND: Final = (
    "insert into engine_clock (engine, clock, render_seconds) values ('scenes', 0, 12), ('upstream', 0, 60)",
    """
    insert into account_clock (engine, account_id, finish)
    select engine, account_id, max(fair_start + fair_cost) from video where status = 'queued' group by 1, 2
    """,
    """
    insert into ledger (account_id, video_id, kind, amount, created_at)
    select account_id, id, 'reserve', -400000, created_at from video where price_per_second is not null order by id
    """,
    """
    insert into ledger (account_id, video_id, kind, amount, created_at)
    select account_id, id, case status when 'completed' then 'settle' else 'release' end, 400000 - charge, completed_at
    from video where charge is not null order by id
    """,
    "insert into ledger (account_id, kind, amount) select id, 'grant', 10000000000 from account",
    """
    update account set balance = sums.balance
    from (select account_id, sum(amount) as balance from ledger group by 1) as sums where account.id = sums.account_id
    """,
    """
    insert into event (id, account_id, video_id, type, created_at)
    select make_id(completed_at, number), account_id, id,
           case status when 'completed' then 'video.completed' else 'video.failed' end, completed_at
    from (select *, row_number() over () as number from video where completed_at > now() - interval '35 days') as video
    order by completed_at
    """,
    """
    insert into delivery (id, endpoint_id, event_id, status, begun_at, tries, next_at, ended_at)
    select make_id(event.created_at, event.position), endpoint.id, event.id, 'delivered', event.created_at, 1, null,
           event.created_at + interval '1 second'
    from event join webhook_endpoint as endpoint on endpoint.account_id = event.account_id
    where event.created_at > now() - interval '30 days' order by event.position
    """,
    """
    insert into delivery_attempt (delivery_id, at, status_code, duration)
    select id, begun_at, 200, interval '40 milliseconds' from delivery order by begun_at
    """,
    """
    insert into idempotency (account_id, key, fingerprint, made_id, created_at)
    select account_id, id, sha256(id::bytea), id, created_at from video
    where status = 'queued' and created_at > now() - interval '10 hours'
    """,
)


async def seed(dsn: str, shape: Shape) -> None:
    """Fill an empty database, and leave it vacuumed and analysed."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await _fill(connection, shape)
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, shape: Shape) -> None:
    for setting in (
        "synchronous_commit = off",
        "maintenance_work_mem = '512MB'",
        "work_mem = '256MB'",
        "session_replication_role = replica",  # keys are right by construction
    ):
        await connection.execute(f"set {setting}")
    await connection.execute(_MAKE_ID)
    indexes = await _drop_indexes(connection)
    numbers = {
        "accounts": shape.accounts,
        "queued": shape.queued,
        "running": shape.running,
        "finished": shape.finished,
        "days": shape.days,
        "largest": LARGEST,
        "longest": LONGEST,
    }
    for step in (*_ACCOUNTS, _FINISHED, _RUNNING, _QUEUED):
        await connection.execute(step.format(**numbers))
    for step in (*_AROUND, *indexes, "drop function make_id", "vacuum (analyze)", "checkpoint"):
        await connection.execute(step)


async def _drop_indexes(connection: asyncpg.Connection) -> list[str]:
    """All that no constraint needs. Return the statements that make them again."""
    rows = await connection.fetch(
        """
        select indexname, indexdef from pg_indexes
        where schemaname = 'public' and tablename = any($1::text[])
          and indexname not in (select conname from pg_constraint)
        """,
        list(_INDEXED),
    )
    for row in rows:
        await connection.execute(f"drop index {row['indexname']}")
    return [row["indexdef"] for row in rows]
