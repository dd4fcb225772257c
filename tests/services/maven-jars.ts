/**
 * Jars from Maven in a cache folder outside the project: fetched once, and there whole or not at all, however many ask
 * at once. Needs `mvn` on the PATH; installing that is left to who asks.
 */
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { succeed } from "./programs.ts";

/** Also for what others fetch or build. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tidemark-tests");

export interface Jar {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** One at a time: the lock ends with its holder. The folder gets its name once all is in it. */
const FETCH = `[ -d "$1" ] && exit
rm -rf "$1.part"
printf %s "$2" > "$1.xml"
mvn -q -B -f "$1.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1.part" || exit
mv "$1.part" "$1"`;

/** Where `fetchJars` puts the jars of that name, which says what is in them, versions included. */
export function jarsFolder(name: string): string {
  return join(CACHE, name);
}

/** Fetches the jars and all that they need at run time, unless that was done; their folder. */
export function fetchJars(name: string, jars: readonly Jar[]): string {
  const folder = jarsFolder(name);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  succeed("flock", [`${folder}.lock`, "sh", "-c", FETCH, "sh", folder, pom(jars)]);
  return folder;
}

function pom(jars: readonly Jar[]): string {
  const dependencies = jars.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
      `<version>${version}</version></dependency>`,
  );
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidemark.tests</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependencies.join("\n    ")}
  </dependencies>
</project>
`;
}
