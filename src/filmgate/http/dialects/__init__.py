"""One folder per wire vocabulary. Dialects never import each other."""
