"""`python -m lqs.cli`: the command line under the interpreter of one's choice."""

import sys

from lqs.cli import main

if __name__ == "__main__":
    sys.exit(main())
