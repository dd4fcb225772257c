/**
 * What checkpoints cost, over real services. First: `process --drain` with its checkpoint on a disk, and with it in
 * /dev/shm, where fsync costs nothing (turning state to bytes still does), in turns in the same run. Second: bytes that
 * the checkpoint gets as its state grows, in mode A, which keeps every window: a quarter of the ratings at a time, each
 * by a run of its own. The disk is that of the system's temporary folder; `TMPDIR` names another. `npm run build && bun
 * bench/checkpoints.ts [millions of ratings, 5] [days they fall on; those of the real set's density]`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { keepFolder, removeAll } from "./belongings.ts";
import { daysAtRealDensity, MILLION } from "./density.ts";
import { type CommandRun, medianOf, rate, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import {
  checkpointBytes,
  longestPauseMs,
  type Mode,
  makeSample,
  sampleIn,
  secondsAfterStart,
  tidemark,
} from "./tidemark.ts";

const RUNS = 5;
const PARTS = 4;
const MEMORY = "/dev/shm";
/** Of a file system that lies in memory, by statfs. */
const TMPFS = 0x01021994;
const TOPIC = "checkpoints";

const [millions = "5", givenDays] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
const days = givenDays === undefined ? daysAtRealDensity(ratings) : Number(givenDays);
if (!existsSync(MEMORY)) throw new Error(`there is no ${MEMORY} on this machine`);
const services = await BenchServices.start();
const sample = sampleIn(join(services.folder, "sample"));
const memory = keepFolder(MEMORY);
let runs = 0;

async function drain(mode: Mode, folder: string): Promise<CommandRun> {
  const run = `run_${++runs}`;
  const environment = services.environment(run, TOPIC, sample);
  const checkpoints = join(folder, `checkpoints-${run}`);
  await tidemark(environment, "setup");
  const flags = ["--mode", mode, "--drain", "--checkpoints", checkpoints, "--log-level", "debug"];
  const drained = await tidemark(environment, "process", ...flags);
  rmSync(checkpoints, { recursive: true });
  return drained;
}

/** Lines of the first table: in turns, so that what else the machine does meets both; the first pair is left out. */
async function compare(mode: Mode): Promise<string[][]> {
  const onDisk: CommandRun[] = [];
  const inMemory: CommandRun[] = [];
  for (let count = 0; count <= RUNS; count++) {
    onDisk.push(await drain(mode, services.folder));
    inMemory.push(await drain(mode, memory));
  }
  const median = (drained: readonly CommandRun[]) => medianOf(drained.slice(1).map(secondsAfterStart));
  const line = (where: string, drained: readonly CommandRun[]) => [
    `mode ${mode}, ${where}`,
    rate(ratings, median(drained)),
    (median(drained) / median(inMemory)).toFixed(3),
    (medianOf(drained.slice(1).map(checkpointBytes)) / MILLION).toFixed(1),
    medianOf(drained.slice(1).map(longestPauseMs)).toFixed(0),
  ];
  return [line("checkpoint in memory", inMemory), line("checkpoint on disk", onDisk)];
}

/** Of all files in a folder. */
function bytesIn(folder: string): number {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
  return paths.reduce((sum, path) => sum + (statSync(path).isFile() ? statSync(path).size : 0), 0);
}

/** Lines of the second table: the sample's files, in their order, one a part. */
async function grow(): Promise<string[][]> {
  const files = readdirSync(sample.ratingsFolder).sort();
  const whole = services.environment("growing", "growing", sample);
  await tidemark(whole, "setup");
  const lines: string[][] = [];
  let firstBytes = Number.NaN;
  for (const [index, file] of files.entries()) {
    const folder = join(services.folder, `part-${index}`);
    mkdirSync(folder);
    renameSync(join(sample.ratingsFolder, file), join(folder, file));
    const environment = { ...whole, INPUT_DIRECTORY_PATH: folder };
    await tidemark(environment, "produce");
    const written = checkpointBytes(await tidemark(environment, "process", "--once", "--log-level", "debug"));
    if (index === 0) firstBytes = written;
    lines.push([
      `part ${index + 1} of ${files.length}`,
      (written / MILLION).toFixed(1),
      ((written * files.length) / ratings).toFixed(2),
      (written / firstBytes).toFixed(2),
      (bytesIn(join(services.home("growing"), "checkpoints")) / MILLION).toFixed(1),
    ]);
  }
  return lines;
}

try {
  await makeSample(sample, ratings, days, "--files", String(PARTS));
  const environment = services.environment("produce", TOPIC, sample);
  await tidemark(environment, "setup");
  await tidemark(environment, "produce");
  const lines = [...(await compare("C")), ...(await compare("A"))];
  const isDisk = statfsSync(services.folder).type !== TMPFS;
  process.stdout.write(
    `${millions} million ratings on ${days} days, one partition; medians of ${RUNS} in turns, start left out\n\n` +
      table(["process --drain", "ratings/s", "time x in memory", "MB written", "longest pause ms"], lines) +
      (isDisk ? "" : "\nThe temporary folder lies in memory too, so this compares nothing: name a disk by TMPDIR.\n") +
      "\nas the state grows, mode A\n\n" +
      table(["ratings", "MB written", "bytes a rating", "x the first", "MB of checkpoint then"], await grow()),
  );
} finally {
  await removeAll();
}
