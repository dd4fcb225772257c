#!/usr/bin/env bash
# Shows the newest windows of the results (tidemark consume-jdbc), with the parameters of env.sh.
# Run, it becomes the executable, so that signals reach it; sourced, it leaves the caller's shell as it was.
[ "${BASH_SOURCE[0]:-}" = "$0" ] && exec "$(dirname "$0")/tidemark.sh" consume-jdbc "$@"
"$(dirname "${BASH_SOURCE[0]:-$0}")/tidemark.sh" consume-jdbc "$@"
