/**
 * A job whose `process` is killed with -9 at random moments, with nothing in its favour: while it starts, runs and
 * drains, beside a `produce` that is killed now and then as well. Each successor starts at once. Wherever topics
 * and table are, they hold in the end what the oracle makes of what the ratings topic holds, each line once and in
 * order.
 */
import { expect } from "bun:test";
import type { Random } from "../generate/random.ts";
import type { KillableWorkplace } from "./killable-workplace.ts";
import { writeRatingFiles, writeTitles } from "./rating-files.ts";
import { difference, type Rules, resultsIn, resultsOf } from "./results.ts";

/** Between two files: `process` then has some epochs to make, not one. */
const PAUSE_SECONDS = 0.03;

export interface KilledJob extends Rules {
  readonly partitions: number;
  /** Folders of rating files, sent one after another while `process` is killed again and again. */
  readonly chunks: number;
  /** One more, this many times as large, is left to the drain, for it to take some time. */
  readonly lastChunkTimes: number;
  /** Of a chunk. */
  readonly ratings: number;
  readonly days: number;
  readonly movies: number;
}

/** What a job came to. */
export interface Survived {
  /** Commands that were killed. */
  readonly kills: number;
  /** Processes that anomalies come from. */
  readonly owners: number;
}

/** Runs the job to its end. `told` is what a message says first. */
export async function killAgainAndAgain(
  workplace: KillableWorkplace,
  job: KilledJob,
  random: Random,
  told: string,
): Promise<Survived> {
  const { mode, anomalyDays, anomalyMinCount, anomalyMinMean, partitions, chunks, ratings, days, movies } = job;
  const titles = writeTitles(workplace, "titles.csv", movies);
  for (let chunk = 0; chunk <= chunks; chunk++) {
    const times = chunk === chunks ? job.lastChunkTimes : 1;
    const files = { ratings: ratings * times, firstDay: 12_000 + days * chunk, days: days * times, movies };
    writeRatingFiles(workplace, `chunk-${chunk}`, random, files);
  }
  const thresholds = `--anomaly-min-count ${anomalyMinCount} --anomaly-min-mean ${anomalyMinMean}`;
  const processing = `process --titles titles.csv --mode ${mode} --anomaly-days ${anomalyDays} ${thresholds}`;

  workplace.succeed(`setup --partitions ${partitions}`);
  const producing = `produce --sleep ${PAUSE_SECONDS} --ratings`;
  const typicalMs = workplace.time(`${producing} chunk-0`) + workplace.time(`${processing} --once`);

  const killed = { running: 0, draining: 0, produce: 0 };
  for (let chunk = 1; chunk < chunks; chunk++) {
    const producer = workplace.start(`${producing} chunk-${chunk}`);
    const producerKilled = random.chance(0.3) && workplace.kill(producer, random.fraction() * typicalMs);
    expect(await workplace.startAndKill(processing, random.fraction() * typicalMs)).toBe(true);
    killed.running++;
    if (await producerKilled) killed.produce++;
    else expect((await producer.outcome()).code).toBe(0);
  }
  workplace.succeed(`produce --ratings chunk-${chunks}`);
  // More time each time: a machine that is busier by now must not keep it from ever ending.
  const drainMs = () => random.fraction() * typicalMs * (0.3 + killed.draining / 8);
  while (await workplace.startAndKill(`${processing} --drain`, drainMs())) killed.draining++;

  const left = await workplace.left();
  const drainAt = left.ratings.map((ofPartition) => [ofPartition.length]);
  const { results: expected } = resultsOf(left.ratings, titles, { ...job, drainAt });
  const anomalies = expected.anomalies.flat().length;
  const rejected = expected.rejected.flat().length;
  const owners = new Set(left.anomalies.map(({ headers }) => headers.owner));
  console.log(
    `${told}: typical run ${typicalMs.toFixed()} ms; killed ${JSON.stringify(killed)}; ` +
      `${left.ratings.flat().length} ratings, ${expected.rows.length} rows, ${anomalies} anomalies by ` +
      `${owners.size} processes, ${rejected} rejected`,
  );
  expect(Math.min(expected.rows.length, anomalies)).toBeGreaterThan(100);
  expect(rejected).toBeGreaterThan(30);
  expect(difference(resultsIn(left), expected)).toBeUndefined();
  return { kills: killed.running + killed.draining + killed.produce, owners: owners.size };
}
