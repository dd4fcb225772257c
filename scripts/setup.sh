#!/usr/bin/env bash
# Makes the topics and the table of results (tidemark setup), with the parameters of env.sh.
# Run, it becomes the executable, so that signals reach it; sourced, it leaves the caller's shell as it was.
[ "${BASH_SOURCE[0]:-}" = "$0" ] && exec "$(dirname "$0")/tidemark.sh" setup "$@"
"$(dirname "${BASH_SOURCE[0]:-$0}")/tidemark.sh" setup "$@"
