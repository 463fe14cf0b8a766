"""How clients learn that something has happened: held answers and streams, woken by one listener."""
