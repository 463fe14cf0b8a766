"""Records: the rows of videos whose objects are long gone, and what stays when such a row goes as well.

That is what was used, by day, account, key and model (`database/usage.py`), and every movement of money (the ledger).
"""

from datetime import timedelta

import asyncpg

from filmgate.database.usage import DAY, DELIVERED


async def remove(
    connection: asyncpg.Connection, *, keep_for: timedelta, stopped_for: timedelta, limit: int
) -> int:
    """Delete videos that were emptied so long ago, first come first, and their events. Return how many.

    All or nothing, in one statement. One stays whose job elsewhere may still have to be stopped, or of which a
    webhook has still to tell: for `stopped_for` after a video's end its engine is told to stop the job. Nobody is waited for: what somebody has locked comes next time.
    """
    removed: int = await connection.fetchval(
        f"""
        with old as materialized (
            select id from video
            where emptied_at < now() - $1::interval
              and (token is null or token->>'told' is not null or status = 'completed'
                   or completed_at < now() - $3::interval)
              and (select bool_or(delivery.status = 'pending') is not true
                   from event join delivery on delivery.event_id = event.id
                   where event.video_id = video.id)
            order by emptied_at limit $2 for update skip locked
        ), told as (
            delete from event where video_id = any (array(select id from old))
        ), gone as (
            delete from video where id = any (array(select id from old)) returning *
        ), used as (
            insert into usage_by_day as known (day, account_id, api_key_id, model, created, completed,
                                               failed, cancelled, milliseconds, charge)
            select {DAY}, account_id, api_key_id, model, count(*),
                   count(*) filter (where status = 'completed'),
                   count(*) filter (where status = 'failed'),
                   count(*) filter (where status = 'cancelled'),
                   {DELIVERED}, coalesce(sum(charge), 0)
            from gone group by 1, 2, 3, 4
            on conflict (day, account_id, api_key_id, model) do update set
                created = known.created + excluded.created,
                completed = known.completed + excluded.completed,
                failed = known.failed + excluded.failed,
                cancelled = known.cancelled + excluded.cancelled,
                milliseconds = known.milliseconds + excluded.milliseconds,
                charge = known.charge + excluded.charge
        )
        select count(*) from gone
        """,
        keep_for,
        limit,
        stopped_for,
    )
    return removed
