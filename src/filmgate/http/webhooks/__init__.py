"""Webhook endpoints and their deliveries, over HTTP: filmgate's own routes, in no dialect."""
