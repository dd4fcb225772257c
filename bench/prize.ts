/**
 * The whole prize set's size over real services: as many ratings on as many days, CSV files -> a broker -> `process
 * --drain` -> PostgreSQL, beside 5 million at the same density in the same run, and its results against DuckDB's over
 * the same files, line by line. The sample is not the original, only as large. 100 million take 2.6 GB of files and 4
 * GB of topic in the system's temporary folder (`TMPDIR` names another), and DuckDB, from its registry on the first
 * run. `npm run build && bun bench/prize.ts [ratings, 100480507] [modes, C; or C,A] [millions beside it, 5]`.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeAll } from "./belongings.ts";
import { ALL_RATINGS, daysAtRealDensity, MILLION } from "./density.ts";
import { duckdbResults } from "./peers/duckdb.ts";
import { firstDifference, sortedLines, tableRows } from "./peers/table-rows.ts";
import { type CommandRun, medianRunBy, rate, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { type Mode, makeSample, type Sample, sampleIn, secondsAfterStart, startSeconds, tidemark } from "./tidemark.ts";

/** Of the small runs; the large one is long enough to be alone. */
const RUNS = 3;
const RATIO_LEAST = 0.85;
const MEGABYTES_MAX = 300;
/** The defaults of `process`. */
const RULES = { anomalyDays: 30, anomalyMinCount: 70, anomalyMinMean: 4 };

const [all = String(ALL_RATINGS), modes = "C", smallMillions = "5"] = process.argv.slice(2);
const sizes = { small: Math.round(Number(smallMillions) * MILLION), whole: Number(all) };
const services = await BenchServices.start();
let runs = 0;

const perSecond = (ratings: number, run: CommandRun) => ratings / secondsAfterStart(run);
const say = (text: string) => process.stderr.write(`${text}\n`);

/** Makes the sample and fills the topic of its name from it. */
async function fill(topic: string, ratings: number): Promise<Sample> {
  const sample = sampleIn(join(services.folder, topic));
  await makeSample(sample, ratings, daysAtRealDensity(ratings));
  const environment = services.environment(`produce_${topic}`, topic, sample);
  await tidemark(environment, "setup");
  const produced = await tidemark(environment, "produce");
  say(`${topic}: ${ratings} ratings produced in ${produced.seconds.toFixed(1)} s`);
  return sample;
}

interface Drained {
  readonly run: CommandRun;
  readonly name: string;
  readonly environment: Record<string, string>;
}

async function drain(mode: Mode, topic: string, sample: Sample): Promise<Drained> {
  const name = `run_${++runs}`;
  const environment = services.environment(name, topic, sample);
  await tidemark(environment, "setup");
  const run = await tidemark(environment, "process", "--mode", mode, "--drain");
  say(`${topic}, mode ${mode}: ${secondsAfterStart(run).toFixed(2)} s after the start`);
  return { run, name, environment };
}

/** What DuckDB makes of the files. */
interface Expected {
  readonly rows: readonly string[];
  readonly anomalies: readonly string[];
}

/** In words, whether rows and anomalies are as expected. */
async function judge({ name, environment }: Drained, expected: Expected): Promise<string> {
  const anomalies = await tidemark(environment, "consume-kafka", "--once", "--from-beginning");
  const ofRows = firstDifference(await tableRows(services.database(name)), expected.rows);
  const ofAnomalies = firstDifference(sortedLines(anomalies.stdout), expected.anomalies);
  if (ofRows !== undefined) return `rows differ: ${ofRows}`;
  if (ofAnomalies !== undefined) return `anomalies differ: ${ofAnomalies}`;
  return `${expected.rows.length} rows and ${expected.anomalies.length} anomalies, all equal`;
}

async function fromDuckdb(sample: Sample): Promise<Expected & { run: CommandRun }> {
  const folder = join(services.folder, "duckdb");
  mkdirSync(folder);
  const { ratingsFolder, titlesFile } = sample;
  return duckdbResults({ ratingsFolder, titlesFile, folder, ...RULES });
}

try {
  const small = await fill("small", sizes.small);
  const whole = await fill("whole", sizes.whole);
  const lines: string[][] = [];
  const verdicts: string[] = [];
  const drains: { mode: Mode; drained: Drained }[] = [];
  for (const mode of modes.split(",") as Mode[]) {
    const few = await medianRunBy(secondsAfterStart, RUNS, async () => (await drain(mode, "small", small)).run);
    const drained = await drain(mode, "whole", whole);
    drains.push({ mode, drained });
    const fewRate = perSecond(sizes.small, few);
    const line = (ratings: number, run: CommandRun) => [
      `process --drain, mode ${mode}, ${ratings.toLocaleString("en-US")} ratings`,
      rate(perSecond(ratings, run), 1),
      (perSecond(ratings, run) / fewRate).toFixed(2),
      startSeconds(run).toFixed(2),
      secondsAfterStart(run).toFixed(2),
      run.cpuSeconds.toFixed(1),
      run.peakMegabytes.toFixed(0),
    ];
    lines.push(line(sizes.small, few), line(sizes.whole, drained.run));
    const ratio = perSecond(sizes.whole, drained.run) / fewRate;
    verdicts.push(
      `mode ${mode}: ${ratio >= RATIO_LEAST ? "the same rate within 15 %, or faster" : "slower by more than 15 %"}; ` +
        `${drained.run.peakMegabytes < MEGABYTES_MAX ? "under" : "NOT under"} ${MEGABYTES_MAX} MB`,
    );
  }
  const expected = await fromDuckdb(whole);
  const { seconds, cpuSeconds, peakMegabytes } = expected.run;
  const batch = ["DuckDB over the CSV files, batch, start included", rate(sizes.whole, seconds), "", ""];
  lines.push([...batch, seconds.toFixed(2), cpuSeconds.toFixed(1), peakMegabytes.toFixed(0)]);
  rmSync(whole.ratingsFolder, { recursive: true });
  for (const [index, { drained }] of drains.entries()) verdicts[index] += `; ${await judge(drained, expected)}`;
  process.stdout.write(
    `${daysAtRealDensity(sizes.whole)} and ${daysAtRealDensity(sizes.small)} days, one partition; of the smaller ` +
      `the median of ${RUNS} runs, of the larger a single run\n\n` +
      table(
        ["what", "ratings/s, start left out", "x the smaller", "start s", "work s", "processor s", "peak MB"],
        lines,
      ) +
      `\n${verdicts.map((verdict) => `- ${verdict}\n`).join("")}`,
  );
  if (verdicts.some((verdict) => verdict.includes("differ"))) process.exitCode = 1;
} finally {
  await removeAll();
}
