"""The openai dialect: the words of the Videos API that was shut down in September 2026 (contracts §3)."""
