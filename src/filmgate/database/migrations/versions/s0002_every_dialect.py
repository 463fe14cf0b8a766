"""What the whole of the dialects needs: films made from films, characters, pictures, and events."""

from alembic import op

revision = "0002"
down_revision = "0001"

STEPS = (
    """
    alter table video
        add column remixed_from text collate "C",
        add column source_use text check (source_use in ('edit', 'extension')),
        add column source_key text collate "C",
        add column source_duration double precision,
        add column source_video_id text collate "C",
        add column character_ids text[] not null default '{}',
        add column has_pictures boolean not null default false,
        add check ((source_use is null) = (source_key is null)),
        add check ((source_use is null) = (source_duration is null))
    """,
    # Lists follow the time of acceptance: see `lists.LOCK`.
    "drop index video_by_account",
    """
    create index video_by_account on video (account_id, created_at, id)
    where deleted_at is null
    """,
    """
    create table character (
        id text collate "C" primary key,
        account_id bigint not null references account,
        name text not null,
        created_at timestamptz not null
    )
    """,
    "create index character_by_account on character (account_id, id)",
    # Of one account, positions become visible in their order: see `events.insert`.
    """
    create table event (
        position bigint generated always as identity primary key,
        id text collate "C" not null unique,
        account_id bigint not null references account,
        video_id text collate "C" not null,
        type text not null,
        created_at timestamptz not null
    )
    """,
    "create index event_by_account on event (account_id, position)",
    "create index event_by_video on event (video_id, position)",
    "create index event_by_age on event (created_at)",
)


def upgrade() -> None:
    for step in STEPS:
        op.execute(step)
