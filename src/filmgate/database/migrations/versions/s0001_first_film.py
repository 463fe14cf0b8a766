"""Accounts, API keys, videos, and the keys that sign links."""

from alembic import op

revision = "0001"
down_revision = None

STEPS = (
    """
    create table account (
        id bigint generated always as identity primary key,
        name text not null unique,
        created_at timestamptz not null default now()
    )
    """,
    """
    create table api_key (
        id bigint generated always as identity primary key,
        account_id bigint not null references account,
        name text not null,
        digest bytea not null unique,
        hint text not null,
        created_at timestamptz not null default now(),
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    """
    create table signing_key (
        id text primary key,
        secret bytea not null,
        created_at timestamptz not null default now(),
        retired_at timestamptz
    )
    """,
    # Ids and object keys are compared byte by byte: "C" keeps their order the order of time.
    """
    create table video (
        id text collate "C" primary key,
        account_id bigint not null references account,
        dialect text not null,
        model text not null,
        engine text not null,
        prompt text not null,
        width int not null,
        height int not null,
        seconds int not null,
        seed bigint,
        reference_keys text[] not null default '{}',
        status text not null default 'queued'
            check (status in ('queued', 'in_progress', 'completed', 'failed', 'cancelled')),
        progress smallint not null default 0 check (progress between 0 and 100),
        attempt int not null default 0,
        unavailable_count int not null default 0,
        revision bigint not null default 0,
        token jsonb,
        heartbeat_at timestamptz,
        created_at timestamptz not null,
        updated_at timestamptz not null default now(),
        started_at timestamptz,
        completed_at timestamptz,
        expires_at timestamptz,
        deleted_at timestamptz,
        emptied_at timestamptz,
        file_key text collate "C",
        file_bytes bigint,
        file_duration double precision,
        failure_code text,
        failure_message text,
        check ((status = 'completed') = (file_key is not null)),
        check ((status in ('failed', 'cancelled')) = (failure_code is not null))
    )
    """,
    "create index video_by_account on video (account_id, id) where deleted_at is null",
    """
    create index video_unfinished on video (id)
    where status in ('queued', 'in_progress')
    """,
    # What the retention job still has to remove from storage.
    """
    create index video_to_empty on video (coalesce(deleted_at, expires_at, completed_at))
    where emptied_at is null and status not in ('queued', 'in_progress')
    """,
)


def upgrade() -> None:
    for step in STEPS:
        op.execute(step)
