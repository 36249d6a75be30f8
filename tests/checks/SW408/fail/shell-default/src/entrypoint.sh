#!/bin/sh
set -eu
export DB_PASSWORD="${DB_PASSWORD:-postgres}"
exec "$@"
