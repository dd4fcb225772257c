#!/bin/sh
# All that can be judged without running the project: types, format and lint, dead code. Runs each, whatever the
# others say, and fails if one did.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
failed=0
for check in "tsc -p ." "biome check --error-on-warnings" "knip --no-progress --no-config-hints"; do
  echo "$ $check"
  $check || failed=1
done
exit "$failed"
