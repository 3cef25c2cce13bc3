"""``python -m wellfit.cli`` is the command ``wellfit``."""

from wellfit.cli import main

main()
