#!/bin/sh
# Builds the executable: dist/tidemark, for this machine, or for the target named ("bun-linux-arm64").
# It must not read a .env or bunfig.toml from the folder that it is run in, hence the two flags.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
# The file of a thread is a program of its own. The source names it by its place beside the code that begins it, and in
# the executable all code is in one folder; hence the naming.
bun build src/main.ts src/table/sqlite-thread-main.ts --entry-naming='[name].[ext]' \
  --outfile=dist/tidemark ${1:+"--target=$1"} \
  --compile --minify --bytecode --format=esm --sourcemap=inline \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig --compile-exec-argv=--expose-gc >&2
# The executable holds its source maps, for legible stacks; the copies beside it serve nobody.
rm -f dist/*.map
