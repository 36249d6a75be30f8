"""The order service: takes orders and writes them to the ledger."""
import argparse
import os


def main() -> None:
    parser = argparse.ArgumentParser(prog="orders.service")
    parser.add_argument("--profile", required=True, help="path of the profile")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    password = os.environ["DB_PASSWORD"]
    serve(arguments.profile, arguments.port, password)


def serve(profile: str, port: int, password: str) -> None:
    raise SystemExit(f"{profile}: nothing to serve on port {port} in a demo")


if __name__ == "__main__":
    main()
