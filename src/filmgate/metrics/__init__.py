"""Metrics: what happens in this process, counted as it happens. They are handed out in `exposing/`."""
