"""The command line: run a broker until Ctrl-C, fetch its jars, or pin other ones."""

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from broker.jars import BrokerUnavailable, fetch, pin


def main() -> int:
    """Do what was asked for; 1 when no broker can be had here."""
    parser = argparse.ArgumentParser(prog="python -m broker", description="A real Kafka without containers.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run it on free ports until Ctrl-C; what it holds is gone afterwards")
    run.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    run.add_argument(
        "--user", action="append", default=[], metavar="NAME:PASSWORD", help="may log in, with no rights yet"
    )
    commands.add_parser("fetch", help="fetch the jars if they are not here yet")
    commands.add_parser("pin", help="write down the jars that Maven finds for pom.xml now")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "run":
                _run(arguments.nodes, dict(user.split(":", 1) for user in arguments.user))
            case "fetch":
                fetch()
            case "pin":
                pin()
    except BrokerUnavailable as error:
        print(f"No Kafka here: {error}.", file=sys.stderr)
        return 1
    return 0


def _run(nodes: int, users: dict[str, str]) -> None:
    from broker.cluster import cluster  # fetching and pinning need no client  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="lqs-kafka-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print("Kafka starts ...", file=sys.stderr, flush=True)
        with cluster(folder, nodes=nodes, users=users) as running:
            print(f"export LQS_KAFKA_BOOTSTRAP_SERVERS={running.servers}", flush=True)
            if users:
                print(f"# with SASL_PLAINTEXT and PLAIN or SCRAM: {running.login_servers}", flush=True)
            print("It runs until Ctrl-C. Make the topics with: lqs kafka topics ensure", file=sys.stderr, flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
