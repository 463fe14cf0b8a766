"""Webhooks: endpoints, deliveries, and the log of the attempts at them."""

from alembic import op

revision = "0003"
down_revision = "0002"

STEPS = (
    # The secrets stand here as they are: a signature cannot be made from a digest.
    """
    create table webhook_endpoint (
        id text collate "C" primary key,
        account_id bigint not null references account,
        url text not null,
        events text[] not null,
        secret bytea not null,
        old_secret bytea,
        old_secret_until timestamptz,
        created_at timestamptz not null default now(),
        disabled_reason text,
        check ((old_secret is null) = (old_secret_until is null))
    )
    """,
    "create index webhook_endpoint_by_account on webhook_endpoint (account_id, id)",
    """
    create table delivery (
        id text collate "C" primary key,
        endpoint_id text collate "C" not null references webhook_endpoint on delete cascade,
        event_id text collate "C" not null references event (id) on delete cascade,
        status text not null default 'pending'
            check (status in ('pending', 'delivered', 'failed')),
        begun_at timestamptz not null default now(),
        tries int not null default 0,
        next_at timestamptz default now(),
        held_until timestamptz,
        ended_at timestamptz,
        failure text,
        check ((status = 'pending') = (next_at is not null)),
        check ((status = 'pending') = (ended_at is null)),
        check ((status = 'failed') = (failure is not null))
    )
    """,
    "create index delivery_by_endpoint on delivery (endpoint_id, id)",
    "create index delivery_by_event on delivery (event_id)",
    # Endpoint by endpoint, so that one with very many does not hide the others.
    """
    create index delivery_pending on delivery (endpoint_id, next_at)
    where status = 'pending'
    """,
    """
    create index delivery_delivered on delivery (endpoint_id, ended_at)
    where status = 'delivered'
    """,
    "create index delivery_by_age on delivery (ended_at) where status <> 'pending'",
    """
    create table delivery_attempt (
        delivery_id text collate "C" not null references delivery on delete cascade,
        at timestamptz not null,
        status_code int,
        error text,
        duration interval not null
    )
    """,
    "create index delivery_attempt_by_delivery on delivery_attempt (delivery_id, at)",
)


def upgrade() -> None:
    for step in STEPS:
        op.execute(step)
