#!/bin/sh
set -e

if [ "${1#-}" != "$1" ]; then
  set -- server "$@"
fi

if [ "$1" = server ]; then
  echo "entrypoint: process $$, preparing"
fi

exec "$@"
