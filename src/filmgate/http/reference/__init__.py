"""The API reference as one web page, made from the OpenAPI description: no script, and nothing to load."""
