/**
 * The benchmark of the embedded sides: CSV files -> embedded topic -> process -> SQLite, as users run it, by the
 * executable. Prints a table; every speed stands beside that of a bare loop over the same bytes in the same run.
 * `bun bench/embedded.ts [rows in millions, 10] [folder for data]`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandRun, medianRun, rate, runCommand, table } from "./run-command.ts";

const RUNS = 3;
const MILLION = 1_000_000;
const executable = join(import.meta.dirname, "../dist/tidemark");
const bun = process.execPath;

const millions = Number(process.argv[2] ?? 10);
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), "tidemark-bench-"));
mkdirSync(folder, { recursive: true });

const sample = join(folder, `sample-${millions}m`);
const rows = millions * MILLION;
await runCommand([bun, join(import.meta.dirname, "../scripts/sample.ts"), "--rows", String(rows), "--out", sample]);
const home = join(folder, "home");
const flags = ["--home", home];

async function produce(): Promise<CommandRun> {
  rmSync(home, { recursive: true, force: true });
  await runCommand([executable, "setup", ...flags]);
  return runCommand([executable, "produce", ...flags, "--ratings", join(sample, "ratings")]);
}

/** Processes the whole topic anew: a checkpoint and a table of its own each time. */
async function drain(mode: "A" | "C", extra: readonly string[] = []): Promise<CommandRun> {
  const database = `jdbc:sqlite:${join(folder, "bench.db")}`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith("bench.db") || name === "checkpoints") rmSync(join(folder, name), { recursive: true });
  }
  const places = ["--database", database, "--group", `bench-${crypto.randomUUID()}`];
  await runCommand([executable, "setup", ...flags, ...places]);
  const titles = ["--titles", join(sample, "movie_titles.csv"), "--checkpoints", join(folder, "checkpoints")];
  return runCommand([executable, "process", ...flags, ...places, ...titles, "--mode", mode, "--drain", ...extra]);
}

const produced = await medianRun(RUNS, produce);
const bare = await medianRun(RUNS, () => runCommand([bun, join(import.meta.dirname, "bare-loop.ts"), home]));
const bareSeconds = (JSON.parse(bare.stdout) as { seconds: number }).seconds;
const modeC = await medianRun(RUNS, () => drain("C"));
const modeA = await medianRun(RUNS, () => drain("A"));

const rawBytes = readdirSync(join(home, "topics/netflix-ratings/0")).reduce(
  (sum, name) => sum + statSync(join(home, "topics/netflix-ratings/0", name)).size,
  0,
);
const line = (name: string, run: CommandRun, seconds = run.seconds) => [
  name,
  rate(rows, seconds),
  `${Math.round((bareSeconds / seconds) * 100)} %`,
  run.cpuSeconds.toFixed(2),
  run.peakMegabytes.toFixed(0),
];
process.stdout.write(
  `${rows} ratings, ${(rawBytes / rows).toFixed(1)} bytes each in the topic; medians of ${RUNS}; whole processes\n\n` +
    table(
      ["what", "ratings/s", "of the bare loop", "processor s", "peak MB"],
      [
        line("bare loop: read, walk, parse", bare, bareSeconds),
        line("process --drain, mode C", modeC),
        line("process --drain, mode A", modeA),
        line("produce from CSV", produced),
      ],
    ),
);
if (process.argv[3] === undefined) rmSync(folder, { recursive: true });
else process.stdout.write(readFileSync("/proc/loadavg", "utf8"));
