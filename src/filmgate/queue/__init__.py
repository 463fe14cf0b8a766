"""The queue: PgQueuer, on the same database. The video's row is the truth, a job here is a hint."""
