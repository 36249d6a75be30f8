import os

DB_PASSWORD = "Harbour-2024-tide"
