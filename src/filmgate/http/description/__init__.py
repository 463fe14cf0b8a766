"""How the API is described: `/openapi.json`, from what the endpoints say about themselves."""
