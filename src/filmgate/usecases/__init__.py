"""What the product does, by noun. Engines and stores come in as arguments; nothing here knows HTTP."""
