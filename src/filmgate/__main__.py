"""`python -m filmgate`: the command, where its script is not on the path."""

from filmgate.cli.main import run

if __name__ == "__main__":
    run()
