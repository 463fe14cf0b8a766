"""The guide pages, as Markdown files, that the server serves under /docs."""
