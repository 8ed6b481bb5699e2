"""`python -m ishara` is the command line, also where the program `ishara` is not on the path."""

from ishara.cli import main

main()
