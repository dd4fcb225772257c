/**
 * What a rating costs as the work grows, on the embedded sides (embedded topics -> SQLite, by the executable), where
 * nobody else's growth is in the figures: more rows; more open windows and with them more rows of the table; more
 * movies; longer sliding windows. One thing grows at a time; each line's ratio is to the first of its kind. The start
 * is left out. `npm run build && bun bench/growth.ts [most millions of rows: 1, 10 or 100; 10] [millions of the other
 * kinds, 5]`.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MOVIES_DEFAULT } from "../scripts/sample/movies.ts";
import { keepFolder, removeAll } from "./belongings.ts";
import { ALL_DAYS, daysAtRealDensity, MILLION } from "./density.ts";
import { type CommandRun, medianRunBy, rate, table } from "./run-command.ts";
import { checkBuilt, type Mode, makeSample, type Sample, sampleIn, secondsAfterStart, tidemark } from "./tidemark.ts";

const RUNS = 3;
const ROWS_MILLIONS = [1, 10, 100];
/** Days before 2006 that touch 1, 2, 11 and 76 windows: the last one began on 2005-12-23. */
const DAYS_BY_WINDOWS = new Map([
  [1, 9],
  [2, 30],
  [11, 300],
  [76, ALL_DAYS],
]);
const MOVIES = [MOVIES_DEFAULT, 100_000, 1_000_000];
const ANOMALY_DAYS = [1, 30, 365];

const [mostMillions = "10", millions = "5"] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
checkBuilt();
const folder = keepFolder();

/** Ratings in an embedded topic, without the files that they came from. */
interface Topic {
  readonly home: string;
  readonly sample: Sample;
  readonly ratings: number;
}

/** Gives the work a topic of a sample, which is gone after it. */
async function withTopic<T>(
  rows: number,
  days: number,
  movies: number,
  work: (topic: Topic) => Promise<T>,
): Promise<T> {
  const sample = sampleIn(join(folder, "sample"));
  const home = join(folder, "home");
  try {
    await makeSample(sample, rows, days, "--movies", String(movies));
    const places = { TIDEMARK_HOME: home, INPUT_DIRECTORY_PATH: sample.ratingsFolder };
    await tidemark(places, "setup");
    await tidemark(places, "produce");
    rmSync(sample.ratingsFolder, { recursive: true });
    return await work({ home, sample, ratings: rows });
  } finally {
    for (const used of [home, sample.folder]) rmSync(used, { recursive: true, force: true });
  }
}

/** One run with outputs, results and checkpoint of its own, which are gone after it. */
async function drain({ home, sample }: Topic, mode: Mode, anomalyDays: number): Promise<CommandRun> {
  const run = crypto.randomUUID();
  const place = join(folder, run);
  mkdirSync(place);
  const names = ["--anomaly-topic", `anomalies-${run}`, "--rejected-topic", `rejected-${run}`, "--group", run];
  const places = [...names, "--home", home, "--database", `jdbc:sqlite:${join(place, "results.db")}`];
  await tidemark({}, "setup", ...places);
  const files = ["--checkpoints", join(place, "checkpoints"), "--titles", sample.titlesFile];
  const rules = ["--mode", mode, "--anomaly-days", String(anomalyDays)];
  const drained = await tidemark({}, "process", "--drain", ...rules, ...places, ...files);
  rmSync(place, { recursive: true });
  return drained;
}

const medianDrain = (topic: Topic, mode: Mode, anomalyDays = 30) =>
  medianRunBy(secondsAfterStart, RUNS, () => drain(topic, mode, anomalyDays));

interface Line {
  readonly what: string;
  readonly ratings: number;
  readonly run: CommandRun;
}

/** Lines of the table, each beside the first. */
function beside(lines: readonly Line[]): string[][] {
  const nanoseconds = ({ run, ratings: count }: Line) => (secondsAfterStart(run) / count) * 1e9;
  const [first] = lines;
  return lines.map((line) => [
    line.what,
    rate(line.ratings, secondsAfterStart(line.run)),
    nanoseconds(line).toFixed(0),
    (nanoseconds(line) / nanoseconds(first)).toFixed(2),
    line.run.peakMegabytes.toFixed(0),
  ]);
}

async function byRows(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const count of ROWS_MILLIONS.filter((many) => many <= Number(mostMillions))) {
    const rows = count * MILLION;
    const run = await withTopic(rows, daysAtRealDensity(rows), MOVIES_DEFAULT, (topic) => medianDrain(topic, "C"));
    lines.push({ what: `${count} million rows, mode C`, ratings: rows, run });
  }
  return lines;
}

async function byWindows(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [windows, days] of DAYS_BY_WINDOWS) {
    const run = await withTopic(ratings, days, MOVIES_DEFAULT, (topic) => medianDrain(topic, "A"));
    lines.push({ what: `${windows} open window(s) of ${days} days, mode A`, ratings, run });
  }
  return lines;
}

async function byMovies(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const movies of MOVIES) {
    const run = await withTopic(ratings, daysAtRealDensity(ratings), movies, (topic) => medianDrain(topic, "C"));
    lines.push({ what: `${movies.toLocaleString("en-US")} movies, mode C`, ratings, run });
  }
  return lines;
}

function byAnomalyDays(): Promise<Line[]> {
  return withTopic(ratings, daysAtRealDensity(ratings), MOVIES_DEFAULT, async (topic) => {
    const lines: Line[] = [];
    for (const days of ANOMALY_DAYS) {
      lines.push({ what: `D = ${days}, mode C`, ratings, run: await medianDrain(topic, "C", days) });
    }
    return lines;
  });
}

try {
  const kinds = [await byRows(), await byWindows(), await byMovies(), await byAnomalyDays()];
  process.stdout.write(
    `embedded sides; ${millions} million ratings where not said otherwise, at the real set's density but for the ` +
      `open windows; medians of ${RUNS}, start left out\n\n` +
      table(["what grows", "ratings/s", "ns a rating", "x the first", "peak MB"], kinds.flatMap(beside)),
  );
} finally {
  await removeAll();
}
