"""Who goes next, what it costs, how often it broke; idempotency keys and the ledger.

Workers claim the video's own row from here on. What PgQueuer made in the same database is left alone: it
may be somebody else's.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

STEPS = (
    """
    alter table account
        add weight int not null default 1 check (weight between 1 and 1000),
        add running_limit int check (running_limit >= 1),
        add queued_limit int check (queued_limit >= 0),
        add requests_per_minute int check (requests_per_minute >= 1),
        add has_credit boolean not null default false,
        add balance bigint not null default 0
    """,
    # `fair_start` says who goes next, `fair_cost` how far that moves the account back.
    """
    alter table video
        add api_key_id bigint references api_key,
        add price_per_second bigint check (price_per_second >= 0),
        add charge bigint check (charge >= 0),
        add fair_start bigint not null default 0,
        add fair_cost bigint not null default 0,
        add is_admitted boolean not null default true,
        add not_before timestamptz,
        add worker_id uuid,
        add tell_at timestamptz,
        add crash_count int not null default 0,
        add lost_count int not null default 0
    """,
    "drop index video_unfinished",
    """
    create index video_line on video (engine, fair_start, id)
    where status = 'queued' and is_admitted and not_before is null
    """,
    """
    create index video_postponed on video (not_before)
    where status = 'queued' and not_before is not null
    """,
    """
    create index video_waiting on video (account_id, engine, fair_start, id)
    where status = 'queued'
    """,
    """
    create index video_kept_out on video (account_id, fair_start, id)
    where status = 'queued' and not is_admitted
    """,
    "create index video_queued_since on video (created_at) where status = 'queued'",
    """
    create index video_admitted on video (account_id)
    where is_admitted and status in ('queued', 'in_progress')
    """,
    """
    create index video_unwanted on video (engine, coalesce(tell_at, completed_at))
    where token is not null and token->>'told' is null and status in ('cancelled', 'failed')
    """,
    # Which video's a job elsewhere is, whatever became of the video.
    """
    create index video_job_elsewhere on video ((token->>'url'), (token->>'id'))
    where token is not null
    """,
    "create index video_running on video (engine) where status = 'in_progress'",
    """
    create table engine_clock (
        engine text primary key,
        clock bigint not null default 0,
        render_seconds double precision
    )
    """,
    """
    create table account_clock (
        engine text not null,
        account_id bigint not null references account,
        finish bigint not null,
        gave_back bigint not null default 0,
        primary key (engine, account_id)
    )
    """,
    "create index account_clock_gave_back on account_clock (engine) where gave_back > 0",
    # The sum of an account's amounts is its balance; a video moves money twice at most.
    """
    create table ledger (
        id bigint generated always as identity primary key,
        account_id bigint not null references account,
        video_id text collate "C" references video,
        kind text not null check (kind in ('grant', 'reserve', 'settle', 'release')),
        amount bigint not null,
        created_at timestamptz not null default now(),
        check ((kind = 'grant') = (video_id is null)),
        check (kind = 'grant' or case kind when 'reserve' then amount <= 0 else amount >= 0 end)
    )
    """,
    "create unique index ledger_reserved_once on ledger (video_id) where kind = 'reserve'",
    """
    create unique index ledger_ended_once on ledger (video_id)
    where kind in ('settle', 'release')
    """,
    "create index ledger_by_account on ledger (account_id, id)",
    """
    create table idempotency (
        account_id bigint not null references account,
        key text collate "C" not null,
        fingerprint bytea not null,
        made_id text collate "C",
        holder uuid,
        held_until timestamptz,
        created_at timestamptz not null default now(),
        primary key (account_id, key)
    )
    """,
    "create index idempotency_by_age on idempotency (created_at)",
    # Who runs a periodic job, and when it is due again: see `database/turns.py`.
    """
    create table periodic_job (
        name text primary key,
        holder uuid,
        held_until timestamptz not null default now(),
        due_at timestamptz not null default now()
    )
    """,
    "create index video_by_day on video (created_at)",
    # Whose the object store is: see `database/installation.py`.
    """
    create table installation (
        is_only boolean primary key default true check (is_only),
        id uuid not null default gen_random_uuid()
    )
    """,
    "insert into installation default values",
)


def upgrade() -> None:
    for step in STEPS:
        op.execute(step)
