/**
 * kill -9 of the executable at random moments, topics with Kafka and the table with PostgreSQL: see `killed-job.ts`.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KafkaTopics, PostgresTable } from "../scenarios/served-places.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedBroker, sharedPostgres } from "../services/shared.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { type KilledJob, killAgainAndAgain } from "./killed-job.ts";

setDefaultTimeout(240_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
/** Kafka and PostgreSQL may have to be installed first. */
const START_MS_MAX = 600_000;
const KILLS_MIN = 50;

const WINDOWS = { anomalyDays: 2, anomalyMinCount: 3, anomalyMinMean: 3.2, movies: 200 };
const CHUNKS = { chunks: 26, lastChunkTimes: 8, ratings: 800, days: 10 };
const JOBS: readonly KilledJob[] = [
  { mode: "C", partitions: 1, ...WINDOWS, ...CHUNKS },
  { mode: "A", partitions: 3, ...WINDOWS, ...CHUNKS },
];

let broker: KafkaBroker;
let server: PostgresServer;
let workplace: KillableWorkplace | undefined;
let kills = 0;
let owners = 0;
beforeAll(async () => {
  [broker, server] = await Promise.all([sharedBroker(), sharedPostgres()]);
}, START_MS_MAX);
afterEach(() => workplace?.remove());
afterAll(async () => {
  await broker?.remove();
  await server?.remove();
});

test.each(JOBS)("mode $mode, partitions: $partitions", async (job) => {
  const places = { topics: new KafkaTopics(broker, job.partitions), table: new PostgresTable(server) };
  workplace = new KillableWorkplace(places);
  const survived = await killAgainAndAgain(workplace, job, new Random(SEED + JOBS.indexOf(job)), `seed ${SEED}`);
  kills += survived.kills;
  owners += survived.owners;
  await places.topics.expectAllProcessed();
  workplace.succeed("cleanup --yes");
});

test("enough was killed", () => {
  console.log(`${kills} kills, anomalies by ${owners} processes`);
  expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
  // The work was shared, not left to each job's last process. Of one job that cannot be said: it is chance.
  expect(owners).toBeGreaterThanOrEqual(3 * JOBS.length);
});
