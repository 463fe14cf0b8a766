"""Old records may go; and where millions of rows are, each statement has one index that fits it, and no other."""

from alembic import op

revision = "0005"
down_revision = "0004"

STEPS = (
    # An entry names its video for good. The key had the whole ledger searched for each video that goes.
    "alter table ledger drop constraint ledger_video_id_fkey",
    "create index video_emptied on video (emptied_at) where emptied_at is not null",
    # In place of the moment, by which lists were read too where the planner took all accounts for equally busy.
    "drop index video_by_day",
    "create index video_by_day on video (((created_at at time zone 'UTC')::date))",
    # For the same reason no index has the positions of all accounts' events, or the numbers of all their entries.
    "alter table event drop constraint event_pkey",
    "drop index event_by_account",
    "alter table event add primary key (account_id, position)",
    "alter table ledger drop constraint ledger_pkey",
    "drop index ledger_by_account",
    "alter table ledger add primary key (account_id, id)",
    # Claims pass by what the line has left behind until it is vacuumed. By default that would be after a fifth of
    # the table, and the indexes would be left out where few of its pages are concerned.
    """
    alter table video set (autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 1000,
                           autovacuum_analyze_scale_factor = 0.02, vacuum_index_cleanup = on)
    """,
    # What videos without a record came to: see `database/usage.py`.
    """
    create table usage_by_day (
        day date not null,
        account_id bigint not null references account,
        api_key_id bigint references api_key,
        model text not null,
        created bigint not null,
        completed bigint not null,
        failed bigint not null,
        cancelled bigint not null,
        milliseconds bigint not null,
        charge bigint not null,
        unique nulls not distinct (day, account_id, api_key_id, model)
    )
    """,
)


def upgrade() -> None:
    for step in STEPS:
        op.execute(step)
