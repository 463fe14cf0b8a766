"""What an operator may have refused: prompts by a list or by an endpoint, faces by a detector. Off unless set."""
