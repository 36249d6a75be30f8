"""The daily report: a job that runs once and ends."""
import argparse
import os


def main() -> None:
    parser = argparse.ArgumentParser(prog="orders.report")
    parser.add_argument("--profile", required=True, help="path of the profile")
    parser.add_argument("--day", required=True, help="the day, as YYYY-MM-DD")
    arguments = parser.parse_args()
    token = os.environ["MAIL_TOKEN"]
    raise SystemExit(f"{arguments.profile}: no report of {arguments.day} in a demo, token of {len(token)} characters")


if __name__ == "__main__":
    main()
