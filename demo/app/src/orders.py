"""Reads orders and writes them to the ledger."""
import os

# "just until the parameter store is there"
LEDGER = os.environ.get("LEDGER_DSN", "postgresql://ledger:ZB3DO7GWIQtUlmOS@ledger.internal:5432/ledger")


def main() -> None:
    print("connecting to", LEDGER.rsplit("@", 1)[-1])


if __name__ == "__main__":
    main()
