"""The guarded HTTP client, for addresses that strangers give us."""
