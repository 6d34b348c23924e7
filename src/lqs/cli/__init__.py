"""The command line. Users' commands speak to the API through the client library and know no other part of it."""

import os
import sys

from lqs import __version__


def main() -> int:
    """Run the command in `sys.argv`; the result is the exit code."""
    words = sys.argv[1:]
    if words == ["--version"]:
        print(f"lqs {__version__}")
        return 0
    if "_LQS_COMPLETE" in os.environ:
        from lqs.cli.completion import complete, wanted

        if wanted(os.environ):
            return complete(os.environ)
    # the framework costs five times what the interpreter does: only a real command pays for it
    try:
        from lqs.cli.app import run

        return run(words)
    except KeyboardInterrupt:
        from lqs.cli.exit_codes import ExitCode

        return ExitCode.INTERRUPTED
