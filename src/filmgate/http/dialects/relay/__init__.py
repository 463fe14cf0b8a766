"""The relay dialect: the words of the documents that resellers of the Videos API wrote (contracts §2)."""
