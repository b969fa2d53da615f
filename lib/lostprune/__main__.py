"""``python -m lostprune`` is the command ``lostprune``."""

from .cli import main

main(prog_name="lostprune")
