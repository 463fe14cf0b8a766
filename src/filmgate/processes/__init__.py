"""Work in long-lived child processes, so that the event loop never computes. Nothing here knows what the work is."""
