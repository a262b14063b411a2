"""``python -m gobot``."""

from gobot.cli import main

main()
