"""The worker: takes entries from the queue."""
import argparse
import os
from ledger import api


def build() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ledger.worker")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--profile", required=True)
    run.add_argument("--once", action="store_true")
    return parser


def main() -> None:
    arguments = build().parse_args()
    password = os.environ["DB_PASSWORD"]
    token = os.environ["QUEUE_TOKEN"]
    raise SystemExit(f"{api.__name__}: {arguments.profile}: {len(password) + len(token)} characters")


if __name__ == "__main__":
    main()
