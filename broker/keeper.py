"""Runs one program until it ends, or until nobody holds a lock any more: then it is ended, and its folder removed.

The system lets go of a lock when its holder is gone, however that one ended, so no broker outlives those who use it.
"""

import fcntl
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

GRACE_SECONDS = 5
"""How long the program may take to stop before it is ended at once."""


def main(lock: Path, folder: Path, command: list[str]) -> int:
    """Run the program; its process id is the first line of standard output."""
    # Ctrl-C and a closed terminal are for those who hold the lock.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    print(process.pid, flush=True)
    nobody = threading.Event()
    threading.Thread(target=_end_when_free, args=(lock, process, nobody), daemon=True).start()
    code = process.wait()
    if nobody.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _end_when_free(lock: Path, process: subprocess.Popen[bytes], nobody: threading.Event) -> None:
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        nobody.set()
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
