import os

PASSWORD = os.environ["DB_PASSWORD"]
DSN = os.getenv("SENTRY_DSN", "")
# PASSWORD = os.getenv("DB_PASSWORD", "postgres")
