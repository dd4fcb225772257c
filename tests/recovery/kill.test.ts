/**
 * kill -9 of the executable at random moments, topics and table in the home: see `killed-job.ts`.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { type KilledJob, killAgainAndAgain } from "./killed-job.ts";

setDefaultTimeout(240_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const CHUNKS = { chunks: 14, lastChunkTimes: 6 };
const KILLS_MIN = 50;

const SHORT_WINDOWS = { anomalyDays: 2, anomalyMinCount: 3, anomalyMinMean: 3, ratings: 20_000, days: 60, movies: 400 };
/** Nearly every window is an anomaly: closing many at once gives more than one epoch holds. */
const LONG_WINDOWS = { anomalyDays: 30, anomalyMinCount: 1, anomalyMinMean: 2, ratings: 8_000, days: 25, movies: 300 };
/** Rows come by the thousand, and so are written by the table's own thread. */
const MANY_MOVIES = {
  anomalyDays: 30,
  anomalyMinCount: 9,
  anomalyMinMean: 3,
  ratings: 20_000,
  days: 31,
  movies: 20_000,
};
const JOBS: readonly KilledJob[] = [
  { mode: "C", partitions: 1, ...SHORT_WINDOWS, ...CHUNKS },
  { mode: "A", partitions: 3, ...SHORT_WINDOWS, ...CHUNKS },
  { mode: "C", partitions: 1, ...LONG_WINDOWS, ...CHUNKS },
  { mode: "A", partitions: 3, ...LONG_WINDOWS, ...CHUNKS },
  { mode: "C", partitions: 1, ...MANY_MOVIES, chunks: 8, lastChunkTimes: 4 },
];

let workplace: KillableWorkplace | undefined;
let kills = 0;
let owners = 0;
afterEach(() => workplace?.remove());

test.each(JOBS)("mode $mode, windows of $anomalyDays days, partitions: $partitions, movies: $movies", async (job) => {
  workplace = new KillableWorkplace();
  const survived = await killAgainAndAgain(workplace, job, new Random(SEED + JOBS.indexOf(job)), `seed ${SEED}`);
  kills += survived.kills;
  owners += survived.owners;
});

test("enough was killed", () => {
  console.log(`${kills} kills, anomalies by ${owners} processes`);
  expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
  // The work was shared, not left to each job's last process. Of one job that cannot be said: it is chance.
  expect(owners).toBeGreaterThanOrEqual(3 * JOBS.length);
});
