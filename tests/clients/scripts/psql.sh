#!/bin/sh
# psql: its script, then a statement that Ctrl-C ends. Prints what psql prints.
set -eu
echo '# connect'
psql -X -c 'SELECT current_database(), version()' 2>&1
psql -X -f "$(dirname "$0")/psql.sql" 2>&1

echo '# cancel'
psql -X -v VERBOSITY=sqlstate -c 'SELECT pg_sleep(3600)' 2>&1 &
sleeper=$!
read -r _
kill -INT "$sleeper"
wait "$sleeper" || echo "cancelled: $?"
echo done
