"""PostgreSQL stands still, answering nothing and refusing nothing: a worker told to stop ends all the same."""

import signal
import sys

from house import House
from lqs.storage.database import Database
from lqs.wiring import migrate_all
from processes import Processes, frozen

HURRIED = "from lqs.worker import process; process._LAST_SECONDS = 1; process.run_worker()"
"""The worker's own process, with a shorter time for what it does last."""


async def test_a_worker_told_to_stop_ends_although_the_server_is_frozen(own_server, tmp_path, eventually):
    url = await own_server.start()
    database = await Database.open(
        url, application_name="lqs-tests", pool_size=4, statement_timeout_seconds=5, lock_timeout_seconds=5
    )
    await migrate_all(database)
    home = await House.furnish(database, url)
    request_id = await home.submit(4)
    processes = Processes(url, tmp_path)
    worker = processes.worker(
        [sys.executable, "-c", HURRIED], simulated_latency_seconds="60", graceful_stop_seconds="0.5",
        slot_timeout_seconds="90", heartbeat_seconds="0.1",
    )  # fmt: skip
    try:

        async def held() -> int:
            return (await home.read(request_id)).counts.processing

        await eventually(held, equals=4)
        await database.close()
        with frozen(own_server):
            worker.send_signal(signal.SIGTERM)
            assert await processes.ended(worker, seconds=12) == 1
    finally:
        processes.clear()
