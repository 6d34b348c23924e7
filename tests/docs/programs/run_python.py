"""Runs one block of Python after the other in one namespace: for each a line on standard input, file and log."""

import contextlib
import os
import sys
import traceback
from typing import Any

namespace: dict[str, Any] = {"__name__": "__main__"}
with open(int(os.environ["TOLD"]), "w", buffering=1, encoding="utf-8") as told:
    for line in sys.stdin:
        block, log = line.rstrip("\n").split("\t")
        code = 0
        with open(log, "w", encoding="utf-8") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                with open(block, encoding="utf-8") as text:
                    exec(compile(text.read(), block, "exec"), namespace)  # noqa: S102  # that is what it is for
            except BaseException:
                traceback.print_exc()
                code = 1
        told.write(f"{code}\n")
