#!/usr/bin/env bash
# Turns ratings into results and anomalies (tidemark process), with the parameters of env.sh.
# Run, by any shell, it becomes the executable, so that signals reach it; sourced by bash or zsh, it leaves the caller's
# shell as it was.
[ "${BASH_SOURCE:-${ZSH_VERSION:-$0}}" = "$0" ] && exec "$(dirname "$(readlink -f "$0")")/tidemark.sh" process "$@"
"$(dirname "$(readlink -f "${BASH_SOURCE:-$0}")")/tidemark.sh" process "$@"
