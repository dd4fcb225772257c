/**
 * A folder in which a user works: rating files, a titles file and a home where the commands look for them by default;
 * topics and table are in the home, or with servers. Runs the executable there and reads what it left, by clients that
 * share nothing with `src`. What is right or wrong is the tests' to say.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  HomeTable,
  HomeTopics,
  type Left,
  type Outputs,
  type TablePlace,
  type TopicPlace,
  type TopicRole,
} from "./places.ts";
import { RunningCommand } from "./running-command.ts";
import { readTopic, type StoredRecord } from "./stored-records.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
/** Built by `npm run build`; `npm test` does so first. */
export const EXECUTABLE = join(ROOT, "dist", "tidemark");
/** No command here writes more. */
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** A command that takes longer hangs, and must not hang the tests. */
const COMMAND_MS_MAX = 50_000;

/** How a command ended; `code` is null where a signal ended it. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Places {
  readonly topics?: TopicPlace | undefined;
  readonly table?: TablePlace | undefined;
}

export class Workplace {
  readonly folder: string;
  /** What runs: the executable, or a command line that stands for it. */
  program: readonly string[] = [EXECUTABLE];
  /** Variables that all commands see, beside those of one. */
  env: Record<string, string> = {};

  readonly #topics: TopicPlace;
  readonly #table: TablePlace;

  /** Topics and table are in the home, unless they are said to be elsewhere. */
  constructor({ topics, table }: Places = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "tidemark-work-"));
    this.#topics = topics ?? new HomeTopics(this.path("tidemark-data"));
    this.#table = table ?? new HomeTable(this.path("tidemark-data"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes a file below the folder, and the folders that lead there. */
  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  /** Runs a command to its end. Words of `commandLine` are parted by blanks; `more` are arguments as they are. */
  run(commandLine: string, more: readonly string[] = [], env: Record<string, string> = {}): Outcome {
    const [program, ...fixed] = this.program;
    const args = [...fixed, ...commandLine.split(" "), ...more];
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.folder,
      env: this.#environment(env),
      encoding: "utf8",
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: COMMAND_MS_MAX,
      killSignal: "SIGKILL",
    });
    return { code: status, stdout, stderr };
  }

  /** As `run`, for a command that must go well; returns what it said. */
  succeed(commandLine: string, more: readonly string[] = [], env: Record<string, string> = {}): Outcome {
    const outcome = this.run(commandLine, more, env);
    if (outcome.code === 0) return outcome;
    throw new Error(`tidemark ${commandLine} ended with ${outcome.code}:\n${outcome.stderr}`);
  }

  /** Starts a command that goes on; the test ends it. */
  start(commandLine: string, env: Record<string, string> = {}): RunningCommand {
    const [program, ...fixed] = this.program;
    return new RunningCommand(program, [...fixed, ...commandLine.split(" ")], this.folder, this.#environment(env));
  }

  /** All of `movie_ratings`, as `TablePlace` gives it. */
  rows(): string[] {
    return this.#table.rows();
  }

  /** All that the job has put out, wherever its topics and table are. */
  async outputs(): Promise<Outputs> {
    const read = async (topic: TopicRole) => (await this.#topics.read(topic)).flat();
    const [anomalies, rejected] = await Promise.all([read("anomalies"), read("rejected")]);
    return { anomalies, rejected, rows: this.rows() };
  }

  /** As `outputs`, with what the job has read. */
  async left(): Promise<Left> {
    const [ratings, outputs] = await Promise.all([this.#topics.read("ratings"), this.outputs()]);
    return { ratings, ...outputs };
  }

  /** What stands on an embedded topic, by partition: its file read byte by byte. */
  topic(name = "netflix-ratings", home = "tidemark-data"): StoredRecord[][] {
    return readTopic(this.path(home, "topics", name));
  }

  /** Every file below a folder with a hash of its content: to see that nothing changed. */
  contents(path = "tidemark-data"): Record<string, string> {
    if (!existsSync(this.path(path))) return {};
    const entries = readdirSync(this.path(path), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    // SQLite makes these for whoever reads, and keeps nothing in them.
    const kept = files.filter(
      (file) => !file.endsWith("-shm") && !(file.endsWith("-wal") && statSync(file).size === 0),
    );
    const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
    return Object.fromEntries(kept.sort().map((file) => [file, hash(file)]));
  }

  /** Nothing of Tidemark's, whatever the environment of the tests holds. */
  #environment(env: Record<string, string>): Record<string, string> {
    return { PATH: process.env.PATH ?? "", ...this.#topics.env, ...this.#table.env, ...this.env, ...env };
  }
}

/** What a command said on stderr, by line, beside what it logged and how far it had come. */
export function saidBesideLog({ stderr }: Outcome): string[] {
  return stderr.split("\n").filter((line) => !/^\S+Z (warn|info) |^[\d,]+ ratings, /.test(line));
}
