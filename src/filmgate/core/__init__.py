"""The domain: values and rules on the standard library alone, with no I/O and no framework."""
