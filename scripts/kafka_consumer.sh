#!/usr/bin/env bash
# Prints the anomalies (tidemark consume-kafka), with the parameters of env.sh.
# Run, it becomes the executable, so that signals reach it; sourced, it leaves the caller's shell as it was.
[ "${BASH_SOURCE[0]:-}" = "$0" ] && exec "$(dirname "$0")/tidemark.sh" consume-kafka "$@"
"$(dirname "${BASH_SOURCE[0]:-$0}")/tidemark.sh" consume-kafka "$@"
