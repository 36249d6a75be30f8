"""The export: a job that runs once and ends."""
import argparse
import os


def main() -> None:
    parser = argparse.ArgumentParser(prog="ledger.export")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--day", required=True)
    arguments = parser.parse_args()
    key = os.environ["EXPORT_KEY"]
    raise SystemExit(f"{arguments.profile}: {arguments.day}: {len(key)} characters")


if __name__ == "__main__":
    main()
