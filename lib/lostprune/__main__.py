"""``python -m lostprune`` is the command ``lostprune``."""

from .cli import main

if __name__ == "__main__":  # processes that the book's build starts import this module
    main(prog_name="lostprune")
