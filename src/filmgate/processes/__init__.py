"""Work outside the event loop: in long-lived child processes, or in a thread to its end. It knows no work itself."""
