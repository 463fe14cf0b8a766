"""What an acceptance asks of the database: two statements between BEGIN and COMMIT, for however many candidates.

Under load the answer to each waits for a turn of the event loop, which takes longer than the statement.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from filmgate.core.account import Account, AccountId
from filmgate.core.candidate import Candidate
from filmgate.core.fairness import Place, Ticket
from filmgate.core.idempotency import Claim
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Video, VideoId
from filmgate.database import accounts, lists

# Rows go as one text: the driver looks at each value of an array more than once, which takes it twice as long.

_CLAIM: Final = """
    account_id bigint, key text, fingerprint text, made_id text, holder uuid
"""


# Of several claims to the same key, the one that holds it has it, or else the first.
_MARKED: Final = f"""
    , marked as (
        insert into idempotency as known (account_id, key, fingerprint, made_id, holder)
        select distinct on (account_id, key) account_id, key, fingerprint::bytea, made_id, holder
        from rows from (json_to_recordset($3::json) as ({_CLAIM})) with ordinality as wanted
        where account_id in (select id from locked)
        order by account_id, key,
            holder is distinct from (
                select held.holder from idempotency as held
                where held.account_id = wanted.account_id and held.key = wanted.key),
            ordinality
        on conflict (account_id, key) do update set made_id = excluded.made_id, held_until = null
        where known.holder = excluded.holder and known.made_id is null
        returning account_id, holder)
"""


def _holding(*, waits: bool, has_keys: bool) -> str:
    """Whoever comes without a key has nothing to do with them."""
    of_each = "select holder from marked where account_id = id"
    return f"""
        with locked as materialized (
            select {accounts.COLUMNS} from account where id = any($1::bigint[]) order by id
            for no key update {"" if waits else "skip locked"})
        {_MARKED if has_keys else ""}
        select {accounts.COLUMNS}, {f"array({of_each})" if has_keys else "array[]::uuid[]"} as holders,
            pg_advisory_xact_lock_shared($2, (id % 2147483648)::int)
        from locked
    """


_HOLD: Final = {
    (waits, has_keys): _holding(waits=waits, has_keys=has_keys)
    for waits in (True, False)
    for has_keys in (True, False)
}

_NEW: Final = {
    "id": "text", "account_id": "bigint", "dialect": "text", "model": "text", "engine": "text",
    "prompt": "text", "width": "int", "height": "int", "seconds": "int", "seed": "bigint",
    "reference_keys": "text[]", "character_ids": "text[]", "source_use": "text",
    "source_key": "text", "source_duration": "double precision", "source_video_id": "text",
    "remixed_from": "text", "api_key_id": "bigint", "price_per_second": "bigint",
    "fair_cost": "bigint", "is_admitted": "boolean",
}  # fmt: skip
_VALUES: Final = [f"coalesce({n}, '{{}}')" if t == "text[]" else n for n, t in _NEW.items()]

# Each starts where the one before it ends, of its account and engine (`core/fairness.py`).
_WRITE: Final = f"""
    with new as materialized (
        select *,
            sum(fair_cost) over (partition by engine, account_id order by ordinality) as behind
        from rows from (json_to_recordset($1::json) as ({", ".join(map(" ".join, _NEW.items()))}))
            with ordinality
    ), line as materialized (
        select engine, account_id, max(behind)::bigint as cost,
            coalesce(greatest(
                (select clock from engine_clock as mine where mine.engine = new.engine),
                (select finish from account_clock as mine
                 where mine.engine = new.engine and mine.account_id = new.account_id)), 0) as start
        from new group by 1, 2 order by 1, 2
    ), moved as (
        insert into account_clock (engine, account_id, finish)
        select engine, account_id, start + cost from line
        on conflict (engine, account_id) do update set finish = excluded.finish
    ), moment as materialized (
        select clock_timestamp() as now)
    insert into video ({", ".join(_NEW)}, created_at, fair_start)
    select {", ".join(_VALUES)}, now, start + behind - fair_cost
    from new join line using (engine, account_id), moment
    returning id, created_at, fair_start
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Accounts that nobody else changes or counts before the transaction ends, and the claims that have their keys."""

    accounts: Mapping[AccountId, Account]
    holders: Collection[UUID]

    def has_key(self, candidate: Candidate) -> bool:
        """Or needs none."""
        return candidate.claim is None or candidate.claim.holder in self.holders


async def hold(
    connection: asyncpg.Connection, candidates: Collection[Candidate], *, waits: bool
) -> Held:
    """Lock the accounts in the order in which everybody does, and mark the keys as used: new ones, and held ones.

    Where nobody `waits`, accounts that others have locked are left out, with their keys. Lists are held as well:
    see `lists.LOCK`.
    """
    claims = [
        _claim_row(each.claim, each.video_id) for each in candidates if each.claim is not None
    ]
    rows = await connection.fetch(
        _HOLD[waits, bool(claims)],
        list({each.account_id for each in candidates}),
        lists.LOCK,
        *([to_json(claims).decode()] if claims else []),
    )
    return Held(
        accounts={AccountId(row["id"]): accounts.account_of(row) for row in rows},
        holders={holder for row in rows for holder in row["holders"]},
    )


async def write(
    connection: asyncpg.Connection, entered: Mapping[Candidate, Ticket]
) -> dict[Candidate, Video]:
    """Videos of accounts that are held, each with its place in the line, behind those before it."""
    new = [_new_row(each, ticket) for each, ticket in entered.items()]
    rows = await connection.fetch(_WRITE, to_json(new).decode())
    found = {video_id: (at, start) for video_id, at, start in rows}
    return {each: _video(each, ticket, *found[each.video_id]) for each, ticket in entered.items()}


def _claim_row(claim: Claim, made_id: VideoId) -> dict[str, object]:
    return {
        "account_id": claim.account_id,
        "key": claim.key,
        "fingerprint": f"\\x{claim.fingerprint.hex()}",
        "made_id": made_id,
        "holder": claim.holder,
    }


def _new_row(candidate: Candidate, ticket: Ticket) -> dict[str, object]:
    """Of _NEW, what it has."""
    spec, caller = candidate.spec, candidate.caller
    row: dict[str, object] = {
        "id": candidate.video_id,
        "account_id": caller.account_id,
        "dialect": candidate.dialect,
        "model": spec.model,
        "engine": spec.engine,
        "prompt": spec.prompt,
        "width": spec.size.width,
        "height": spec.size.height,
        "seconds": spec.seconds,
        "seed": spec.seed,
        "remixed_from": candidate.remixed_from,
        "api_key_id": caller.api_key_id,
        "price_per_second": candidate.price_per_second,
        "fair_cost": ticket.cost,
        "is_admitted": ticket.is_admitted,
    }
    return row | _inputs_row(spec) if spec.has_inputs or spec.characters else row


def _inputs_row(spec: VideoSpec) -> dict[str, object]:
    """What it is made from, beside words."""
    row: dict[str, object] = {"reference_keys": spec.references, "character_ids": spec.characters}
    source = spec.source
    if source is None:
        return row
    return row | {
        "source_use": source.use,
        "source_key": source.key,
        "source_duration": source.duration,
        "source_video_id": source.video_id,
    }


def _video(candidate: Candidate, ticket: Ticket, at: datetime, start: int) -> Video:
    return Video(
        id=candidate.video_id,
        account_id=candidate.account_id,
        api_key_id=candidate.caller.api_key_id,
        dialect=candidate.dialect,
        spec=candidate.spec,
        price_per_second=candidate.price_per_second,
        created_at=at,
        remixed_from=candidate.remixed_from,
        place=Place(start, ticket.cost, is_admitted=ticket.is_admitted),
    )
