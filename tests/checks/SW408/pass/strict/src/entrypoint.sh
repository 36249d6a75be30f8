#!/bin/sh
set -eu
if [ -z "${DB_PASSWORD:-}" ]; then
  echo "DB_PASSWORD is not set" >&2
  exit 1
fi
: "${DB_PASSWORD:?}"
exec "$@"
