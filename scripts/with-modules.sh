#!/bin/sh
# Runs a command from the project's folder with node_modules in place: `npm ci` comes first where they are missing or
# older than package-lock.json. Plain sh, for nothing from node_modules may be used before.
set -eu
cd "$(dirname "$0")/.."
# npm writes this file last, so an install that was cut short is made again.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
  if [ -L node_modules ]; then
    # npm ci would empty the folder behind the link, which belongs to another checkout.
    echo "node_modules is a link, and missing or older than package-lock.json" >&2
    echo "hint: run npm ci where it leads, or remove the link" >&2
    exit 2
  fi
  echo "installing node_modules (npm ci)" >&2
  npm ci --no-audit --no-fund >&2
  touch "$installed"
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec "$@"
