import os

PASSWORD = os.environ.get("DB_PASSWORD") or ""
