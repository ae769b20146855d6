"""`python -m twirec.cli`, where the `twirec` script is not on the path."""

from twirec.cli import main

main()
