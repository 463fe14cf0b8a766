"""Upstreams that speak the openai dialect, another filmgate among them."""
