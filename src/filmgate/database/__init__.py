"""PostgreSQL: connections, the embedded server, and all SQL, one module per noun."""
