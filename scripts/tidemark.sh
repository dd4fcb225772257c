#!/usr/bin/env bash
# Runs the executable with the parameters of env.sh: the one that $TIDEMARK names, else the one built beside this
# folder, else the one on the PATH. Any shell runs it.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/env.sh"
if [ -n "${TIDEMARK:-}" ]; then
  executable=$TIDEMARK
elif [ -x "$here/../dist/tidemark" ]; then
  executable=$here/../dist/tidemark
elif executable=$(command -v tidemark); then
  :
else
  echo "tidemark: there is no executable in $here/../dist nor on the PATH" >&2
  echo "hint: build it with npm run build, or let TIDEMARK name it" >&2
  exit 2
fi
exec "$executable" "$@"
