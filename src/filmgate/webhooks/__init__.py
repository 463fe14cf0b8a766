"""Webhooks on the wire: what is sent, how it is signed, and what an endpoint's answer means."""
