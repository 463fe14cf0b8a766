"""The schema, one numbered step a file, applied by alembic."""

HEAD = "0005"
"""The newest revision: a start compares it with the database before it loads alembic at all."""
