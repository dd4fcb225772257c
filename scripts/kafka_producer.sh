#!/usr/bin/env bash
# Sends the rating files to the ratings topic (tidemark produce), with the parameters of env.sh.
# Run, it becomes the executable, so that signals reach it; sourced, it leaves the caller's shell as it was.
[ "${BASH_SOURCE[0]:-}" = "$0" ] && exec "$(dirname "$0")/tidemark.sh" produce "$@"
"$(dirname "${BASH_SOURCE[0]:-$0}")/tidemark.sh" produce "$@"
