"""The command line as `python -m genessl`, for an interpreter whose commands are not on the path."""

from genessl.cli import main

if __name__ == "__main__":
    main()
