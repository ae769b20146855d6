"""`python -m twirec`, where the `twirec` script is not on the path."""

from twirec.cli import main

main(prog_name="python -m twirec")
