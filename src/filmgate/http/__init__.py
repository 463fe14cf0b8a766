"""The HTTP edge: dialects in front of the use cases. Framework injection ends here."""
