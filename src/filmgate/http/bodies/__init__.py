"""What clients send: JSON and forms of every shape, as fields by name."""
