/**
 * The executable as benchmarks run it, and what its own log says of a run: when its work began, how much it wrote. For
 * benchmarks only; the figures are the program's, so a benchmark that needs another's judgement must look elsewhere.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { keepChild } from "./belongings.ts";
import { type CommandRun, runCommand } from "./run-command.ts";

export const EXECUTABLE = join(import.meta.dirname, "../dist/tidemark");

export type Mode = "A" | "C";

/** A sample on the disk, made or still to be made, by `scripts/sample.ts` or in its shape. */
export interface Sample {
  readonly folder: string;
  readonly ratingsFolder: string;
  readonly titlesFile: string;
}

export function sampleIn(folder: string): Sample {
  return { folder, ratingsFolder: join(folder, "ratings"), titlesFile: join(folder, "movie_titles.csv") };
}

/** Throws where the project was not built. */
export function checkBuilt(): void {
  if (!existsSync(EXECUTABLE)) throw new Error("there is no dist/tidemark: npm run build");
}

/** Runs a command of the executable to its end. */
export function tidemark(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<CommandRun> {
  return runCommand([EXECUTABLE, ...args], environment);
}

/** Starts `process`, to be ended by the caller. */
export function startProcess(environment: Readonly<Record<string, string>>, ...args: string[]): ChildProcess {
  const env = { ...process.env, ...environment };
  return keepChild(spawn(EXECUTABLE, ["process", ...args], { env, detached: true, stdio: "ignore" }));
}

/** Ends a process with SIGKILL or, cleanly, SIGTERM, and waits until it has ended. */
export async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

/** Makes a sample: ratings on this many days, the last 2005-12-31; further flags are those of the script. */
export async function makeSample({ folder }: Sample, rows: number, days: number, ...flags: string[]): Promise<void> {
  const size = ["--rows", String(rows), "--days", String(days), "--out", folder];
  await runCommand([process.execPath, join(import.meta.dirname, "../scripts/sample.ts"), ...size, ...flags]);
}

/** What `5,000,000 ratings, 2,027,575/s, 2.4 s` says of the time it took; the rate is the more exact of the two. */
export function workSeconds({ stderr }: CommandRun): number {
  const last = stderr.match(/^[\d,]+ ratings, [\d,]+\/s, .*$/gm)?.at(-1) ?? "";
  const [count, perSecond] = [...(/^([\d,]+) ratings, ([\d,]+)\/s, /.exec(last)?.slice(1) ?? [])].map((text) =>
    Number(text.replaceAll(",", "")),
  );
  return count / perSecond;
}

/**
 * What passed before the first record of a run of `process`. The work ends when the totals are logged:
 * `2026-11-24T07:55:23.003Z info  read 5000000 = counted …`.
 */
export function startSeconds(run: CommandRun): number {
  const reported = /^(\S+) info {2}read \d+ = /m.exec(run.stderr)?.[1];
  if (reported === undefined) throw new Error(`Tidemark did not log its totals:\n${run.stderr}`);
  return (Date.parse(reported) - run.startedMs) / 1000 - workSeconds(run);
}

/** The whole time of a run of `process` except its start; its end counts. */
export function secondsAfterStart(run: CommandRun): number {
  return run.seconds - startSeconds(run);
}

/** How long, at the most, an epoch of a run with `--log-level debug` held up the ratings while it was taken, in ms. */
export function longestPauseMs({ stderr }: CommandRun): number {
  return Number(/longest pause (\d+) ms/.exec(stderr)?.[1]);
}

/** Bytes that a run with `--log-level debug` wrote into its checkpoint. */
export function checkpointBytes({ stderr }: CommandRun): number {
  return Number(/checkpoint: (\d+) bytes written/.exec(stderr)?.[1]);
}
