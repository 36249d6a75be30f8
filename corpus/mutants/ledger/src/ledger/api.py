"""The API: takes entries and writes them down."""
import argparse
import os


def main() -> None:
    parser = argparse.ArgumentParser(prog="ledger.api")
    parser.add_argument("--profile", required=True, help="path of the profile")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    password = os.environ["DB_PASSWORD"]
    raise SystemExit(f"{arguments.profile}: nothing to serve on port {arguments.port}, {len(password)} characters")


if __name__ == "__main__":
    main()
