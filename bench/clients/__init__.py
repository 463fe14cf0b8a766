"""Clients that wrk cannot be, each a process of its own beside the server."""
