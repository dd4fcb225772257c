/**
 * The Java peers' programs: how they are built and run. Promises a build kept outside the project, made once for the
 * same sources and there whole or not at all; and a run whose figures are those of the whole process. What a program
 * does with its settings is left to it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { apt, isRoot, succeed } from "../../tests/services/programs.ts";
import { runCommand } from "../run-command.ts";
import type { PeerRun, Workload } from "./peer.ts";

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tidemark-tests");
const MODULES = ["java", "flink", "kafka-streams"];
/** One at a time: the lock ends with its holder. The folder gets its name once all is in it. */
const BUILD = `[ -d "$1" ] && exit
rm -rf "$1.part"
mvn -q -B -f "$2" package -Dbuild.folder="$1.part" || exit
mv "$1.part" "$1"`;
const TABLE = `DROP TABLE IF EXISTS movie_ratings;
CREATE TABLE movie_ratings (window_start BIGINT, movie_id VARCHAR(32), title VARCHAR(128), rating_count INTEGER,
  rating_sum INTEGER, unique_rating_count INTEGER, PRIMARY KEY (window_start, movie_id))`;
const ROWS = `SELECT concat_ws(',', to_char(to_timestamp(window_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), movie_id,
    rating_count, rating_sum, unique_rating_count) AS line
  FROM movie_ratings`;

export interface JavaProgram {
  readonly module: "flink" | "kafka-streams";
  readonly mainClass: string;
  /** Of the Java machine. */
  readonly options: readonly string[];
}

/** What a program prints, in milliseconds since 1970. */
interface Moments {
  readonly firstRecordMs: number;
  readonly lastCommitMs: number;
}

/** Builds all Java peers, unless that is done. */
export function buildJavaPrograms(): void {
  const folder = buildFolder();
  if (existsSync(folder)) return;
  need("javac", "-version", "openjdk-17-jdk-headless");
  need("mvn", "-v", "maven");
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, "peers.lock");
  succeed("flock", [lock, "sh", "-c", BUILD, "sh", folder, join(import.meta.dirname, "java/pom.xml")]);
}

/** Runs a program over the workload, into a new table; its figures, and the rows that it left there. */
export async function runJavaProgram(
  { module, mainClass, options }: JavaProgram,
  workload: Workload,
  settings: Readonly<Record<string, string | number>>,
): Promise<PeerRun> {
  const { host, port, name, user, password } = workload.database;
  const database = new Client({ host, port, database: name, user, password });
  await database.connect();
  try {
    await database.query(TABLE);
    const all = {
      brokers: workload.brokers,
      topic: workload.topic,
      titles: workload.titlesFile,
      folder: workload.folder,
      url: `jdbc:postgresql://${host}:${port}/${encodeURIComponent(name)}`,
      user,
      ...settings,
    };
    const classPath = [join(buildFolder(), module, "classes"), join(buildFolder(), module, "libraries", "*")].join(":");
    const args = Object.entries(all).map(([setting, value]) => `${setting}=${value}`);
    // What they leave in the temporary folder goes with the benchmark's.
    const temporary = `-Djava.io.tmpdir=${workload.folder}`;
    const command = ["java", temporary, ...options, "-cp", classPath, mainClass, ...args];
    const run = await runCommand(command, { JDBC_PASSWORD: password });
    const { firstRecordMs, lastCommitMs } = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as Moments;
    const { rows } = await database.query<{ line: string }>(ROWS);
    return {
      // Both are the clock of this machine.
      seconds: (lastCommitMs - run.startedMs) / 1000,
      startSeconds: (firstRecordMs - run.startedMs) / 1000,
      cpuSeconds: run.cpuSeconds,
      peakMegabytes: run.peakMegabytes,
      // All of it is ASCII, which JavaScript sorts by bytes.
      rows: rows.map(({ line }) => line).sort(),
    };
  } finally {
    await database.end();
  }
}

/** Named for what is built in it: other sources, another folder. */
function buildFolder(): string {
  const hash = createHash("sha256");
  for (const module of MODULES) {
    const folder = join(import.meta.dirname, module);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
      /\.(java|xml)$/.test(path),
    );
    for (const path of files.sort()) hash.update(`${path}\0`).update(readFileSync(join(folder, path)));
  }
  return join(CACHE, `java-peers-${hash.digest("hex").slice(0, 12)}`);
}

/** A program that a build needs, installed where that can be done. */
function need(program: string, versionFlag: string, debianPackage: string): void {
  if (spawnSync(program, [versionFlag]).status === 0) return;
  const advice = `install Debian's package ${debianPackage}`;
  if (!isRoot()) throw new Error(`the Java peers need ${program}: ${advice}`);
  try {
    apt("update");
    apt("install", "--no-install-recommends", debianPackage);
  } catch (error) {
    throw new Error(`the Java peers need ${program}, which could not be installed: ${advice}`, { cause: error });
  }
}
