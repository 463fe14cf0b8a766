"""filmgate: a self-hosted server for asynchronous, Sora-style video generation."""
