/**
 * Two delays over real services, by the executable in mode A. First: a rating produced -> its row visible in
 * PostgreSQL, at steady rates from a process of its own, rating by rating, each counted from when it was due (not from
 * when it was sent), so that whatever stalls is counted against every rating that waited. 17,770 movies as popular as
 * in the sample, one date, one partition. Beside it the least that any such program needs: one acknowledged record,
 * then one committed row. Second: kill -9 -> the successor's first committed epoch. `npm run build && bun
 * bench/latency.ts [rates, 100,10000,200000] [seconds at each, 20] [kills, 15]`; 0 kills leave the second out.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MOVIES_DEFAULT } from "../scripts/sample/movies.ts";
import { dayOf } from "../src/calendar.ts";
import { KafkaGroupOffsets } from "../src/topic/kafka/group-offsets.ts";
import { testClient } from "../tests/topic/kafka-fixture.ts";
import { removeAll } from "./belongings.ts";
import { SingleRatings, SteadyProduction } from "./producing.ts";
import { medianOf, shareOf, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { writeAllTitles } from "./steady-ratings.ts";
import { end, sampleIn, startProcess, tidemark } from "./tidemark.ts";
import { VisibleRatings } from "./visible.ts";

/** While code is compiled and the window's rows are written for the first time: produced, but not counted. */
const WARM_UP_SECONDS = 3;
/** Between two looks at the table; what it adds to a delay is counted. */
const POLL_MS = 1;
/** After the last rating was due. */
const PATIENCE_MS = 60_000;
const LEAST_RUNS = 200;
const DATE = "2002-01-01";
const DAY = dayOf(2002, 1, 1);

const [rates = "100,10000,200000", seconds = "20", kills = "15"] = process.argv.slice(2);
const services = await BenchServices.start();
const brokers = services.broker.brokers;
const sample = sampleIn(join(services.folder, "sample"));

/** From when on this many ratings were visible, in ms since 1970. */
interface Look {
  readonly ms: number;
  readonly count: number;
}

/** In ms; each rating's delay is that of the first look that has it. */
function delaysOf(looks: readonly Look[], beganMs: number, perSecond: number, from: number, to: number): Float64Array {
  const delays = new Float64Array(to - from);
  let look = 0;
  for (let rating = from; rating < to; rating++) {
    while (looks[look].count <= rating) look++;
    delays[rating - from] = looks[look].ms - (beganMs + (rating * 1000) / perSecond);
  }
  return delays.sort();
}

/** Looks until `total` ratings are visible. */
async function watch(visible: VisibleRatings, production: SteadyProduction, total: number, lastMs: number) {
  const looks: Look[] = [];
  for (let count = 0; count < total; ) {
    const now = await visible.count();
    const ms = performance.timeOrigin + performance.now();
    if (now > count) looks.push({ ms, count: now });
    count = now;
    if (ms > lastMs) throw new Error(`${count} of ${total} ratings were visible after ${PATIENCE_MS} ms of waiting`);
    production.check();
    await sleep(POLL_MS);
  }
  return looks;
}

/** A line of the table: delays at this rate. */
async function measure(perSecond: number, leastMs: number): Promise<string[]> {
  const run = `latency_${perSecond}`;
  const environment = services.environment(run, run, sample);
  await tidemark(environment, "setup");
  const client = await services.client(run);
  const visible = new VisibleRatings(client);
  const child = startProcess(environment);
  const all = Number(seconds) + WARM_UP_SECONDS;
  const shape = { movies: MOVIES_DEFAULT, firstDay: DAY, daysASecond: 0 };
  const production = new SteadyProduction({ brokers, topic: run, perSecond, seconds: all, ...shape });
  try {
    const total = Math.round(perSecond * all);
    const lastMs = Date.now() + all * 1000 + PATIENCE_MS;
    const looks = await watch(visible, production, total, lastMs);
    await production.finished();
    await visible.check();
    const beganMs = production.beganMs ?? Number.NaN;
    const first = Math.round(perSecond * WARM_UP_SECONDS);
    const delays = delaysOf(looks, beganMs, perSecond, first, total);
    const tookMs = (looks.at(-1) as Look).ms - (beganMs + WARM_UP_SECONDS * 1000);
    const milliseconds = [0.5, 0.99, 0.999, 1].map((share) => shareOf(delays, share).toFixed(1));
    const reached = (((total - first) * 1000) / tookMs).toFixed(0);
    return [String(perSecond), reached, ...milliseconds, (shareOf(delays, 0.5) / leastMs).toFixed(1)];
  } finally {
    await production.stop();
    await end(child, "SIGKILL");
    await client.end();
  }
}

/** The median of what one acknowledged record and then one committed row take together, in ms. */
async function least(): Promise<number> {
  const run = "least";
  await tidemark(services.environment(run, run, sample), "setup");
  const client = await services.client(run);
  const ratings = await SingleRatings.open(brokers, run);
  try {
    await client.query("CREATE TABLE place (number INTEGER)");
    await client.query("INSERT INTO place VALUES (0)");
    const times: number[] = [];
    for (let count = 0; count < LEAST_RUNS; count++) {
      const beganMs = performance.now();
      await ratings.send(DATE);
      await client.query({ name: "place", text: "UPDATE place SET number = number + 1" });
      times.push(performance.now() - beganMs);
    }
    return medianOf(times);
  } finally {
    await ratings.close();
    await client.end();
  }
}

/** From kill -9 to the successor's first committed epoch, in ms, measured `times` times. */
async function takeovers(times: number): Promise<number[]> {
  const run = "takeovers";
  const environment = services.environment(run, run, sample);
  await tidemark(environment, "setup");
  const ratings = await SingleRatings.open(brokers, run);
  const offsets = new KafkaGroupOffsets(testClient({ brokers: [brokers] }));
  const untilCommitted = async () => {
    while (((await offsets.read(run, run)) ?? 0) < ratings.sent) await sleep(POLL_MS);
    return performance.now();
  };
  let child = startProcess(environment);
  try {
    await ratings.send(DATE);
    await untilCommitted();
    const tookMs: number[] = [];
    for (let kill = 0; kill < times; kill++) {
      // There is work under way when it dies.
      await ratings.send(DATE);
      child.kill("SIGKILL");
      const killedMs = performance.now();
      await ratings.send(DATE);
      child = startProcess(environment);
      tookMs.push((await untilCommitted()) - killedMs);
    }
    return tookMs;
  } finally {
    await end(child, "SIGKILL");
    await ratings.close();
    await offsets.close();
  }
}

try {
  mkdirSync(sample.folder);
  writeAllTitles(sample.titlesFile, MOVIES_DEFAULT);
  const leastMs = await least();
  const lines: string[][] = [];
  for (const rate of rates.split(",")) lines.push(await measure(Number(rate), leastMs));
  process.stdout.write(
    `produced -> visible in PostgreSQL, mode A, ${seconds} s at each rate; times in ms from when a rating was due\n\n` +
      table(["due a second", "reached", "median", "99 %", "99.9 %", "most", "median x the least"], lines) +
      `\nthe least: an acknowledged record, then a committed row: ${leastMs.toFixed(1)} ms (median of ${LEAST_RUNS})\n`,
  );
  if (Number(kills) > 0) {
    const tookMs = (await takeovers(Number(kills))).sort((a, b) => a - b);
    process.stdout.write(
      `kill -9 -> the successor's first committed epoch, ${kills} times: median ${medianOf(tookMs).toFixed(0)} ms, ` +
        `most ${shareOf(tookMs, 1).toFixed(0)} ms\n`,
    );
  }
} finally {
  await removeAll();
}
