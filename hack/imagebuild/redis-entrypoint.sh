#!/bin/sh
# The official image's rule: options alone, or a configuration file alone, mean redis-server with them.
set -e
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
