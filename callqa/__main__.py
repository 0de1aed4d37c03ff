"""``python -m callqa``: the same as the ``callqa`` command."""

from callqa.cli import main

main()
