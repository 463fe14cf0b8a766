"""What a client says and hears: requests, answers, errors and the plans that order them; no socket here."""
