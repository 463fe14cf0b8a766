"""The embedded renderer: a prompt becomes a procedural scene. Keywords and noise, not a generative model."""
