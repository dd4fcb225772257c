/**
 * Python and packages from its registry in a virtual environment of their own, in the cache folder outside the project:
 * made once, and there whole or made again. Needs a `python3` with its module venv.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../tests/services/maven-jars.ts";
import { succeed } from "../../tests/services/programs.ts";

/** An environment cannot be moved, so a file that comes last says that it is whole. One at a time, by the lock. */
const MAKE = `folder=$1
shift
[ -f "$folder/whole" ] && exit
rm -rf "$folder"
python3 -m venv "$folder" &&
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" &&
touch "$folder/whole"`;

/** The `python` of the environment with these packages, given as `name==version`. The name says what is in it. */
export function pythonWith(name: string, packages: readonly string[]): string {
  const folder = join(CACHE, name);
  if (!existsSync(join(folder, "whole"))) {
    mkdirSync(CACHE, { recursive: true });
    succeed("flock", [`${folder}.lock`, "sh", "-c", MAKE, "sh", folder, ...packages]);
  }
  return join(folder, "bin", "python");
}
