import os

PASSWORD = os.getenv("DB_PASSWORD", "postgres")
