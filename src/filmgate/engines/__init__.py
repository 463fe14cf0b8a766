"""What makes videos. Each folder is one engine behind the port in `core/ports.py`."""
