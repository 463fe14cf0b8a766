"""What this process counts. As with log lines, whoever sees something happen says so here.

Every name is explained in docs/metrics.md. Labels have few values: routes, models, engines, never ids.
"""

from collections.abc import Sequence
from typing import Final

from filmgate.metrics.numbers import Level, Reading, Tally, Timing
from filmgate.metrics.requests import RequestMetrics

_RENDERS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_ANSWERS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
_DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)
_JOBS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800)

requests: Final = RequestMetrics()

videos_created: Final = Tally(
    "filmgate_videos_created_total", "Videos that were accepted.", "model", "engine"
)
videos_ended: Final = Tally(
    "filmgate_videos_ended_total",
    "Videos that became terminal by this process's doing.",
    "model",
    "engine",
    "status",
)
attempts_ended: Final = Tally(
    "filmgate_attempts_ended_total", "What became of attempts at videos.", "engine", "outcome"
)
render_seconds: Final = Timing(
    "filmgate_render_seconds",
    "From an attempt's claim until its film is stored.",
    "engine",
    bounds=_RENDERS,
)
heartbeats_missed: Final = Tally(
    "filmgate_heartbeats_missed_total", "Heartbeats that did not reach the database in time."
)

webhook_attempts: Final = Tally(
    "filmgate_webhook_attempts_total", "What came of attempts at deliveries.", "outcome"
)
webhook_attempt_seconds: Final = Timing(
    "filmgate_webhook_attempt_seconds", "How long endpoints took to answer.", bounds=_ANSWERS
)
webhook_delay_seconds: Final = Timing(
    "filmgate_webhook_delay_seconds",
    "From an event until its first attempt at a delivery was begun.",
    bounds=_DELAYS,
)

job_runs: Final = Tally(
    "filmgate_periodic_job_runs_total", "Runs of periodic jobs.", "job", "outcome"
)
job_seconds: Final = Timing(
    "filmgate_periodic_job_seconds", "How long a periodic job took.", "job", bounds=_JOBS
)
job_succeeded_at: Final = Level(
    "filmgate_periodic_job_last_success_timestamp_seconds",
    "When a periodic job last came to its end in this process.",
    "job",
)

storage_errors: Final = Tally(
    "filmgate_storage_errors_total", "What the object store did not do.", "doing"
)

open_connections: Final = Reading(
    "filmgate_open_connections", "Connections to the API that are open."
)
waiting_requests: Final = Reading(
    "filmgate_waiting_requests", "Long polls and event streams that wait for news."
)
database_connections: Final = Reading(
    "filmgate_database_connections", "The pool's connections, by what they do.", "state"
)
database_waiting: Final = Reading(
    "filmgate_database_waiting", "Who waits for a connection of the pool."
)

ALL: Final[Sequence[Tally | Level | Reading | Timing]] = (
    requests.total,
    requests.seconds,
    requests.open,
    videos_created,
    videos_ended,
    attempts_ended,
    render_seconds,
    heartbeats_missed,
    webhook_attempts,
    webhook_attempt_seconds,
    webhook_delay_seconds,
    job_runs,
    job_seconds,
    job_succeeded_at,
    storage_errors,
    open_connections,
    waiting_requests,
    database_connections,
    database_waiting,
)
