"""Exposing: the metrics of this process, handed out in the words of Prometheus."""
