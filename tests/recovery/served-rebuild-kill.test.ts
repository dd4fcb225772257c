/**
 * kill -9 of `process --rebuild` at random moments, topics with Kafka and the table with PostgreSQL: see
 * `killed-rebuild.ts`.
 */
import { afterAll, afterEach, beforeAll, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KafkaTopics, PostgresTable } from "../scenarios/served-places.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedBroker, sharedPostgres } from "../services/shared.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { killRebuilds } from "./killed-rebuild.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
/** Kafka and PostgreSQL may have to be installed first. */
const START_MS_MAX = 600_000;
const JOB = { ratings: 12_000, days: 45, movies: 60, kills: 12 };

let broker: KafkaBroker;
let server: PostgresServer;
let workplace: KillableWorkplace | undefined;
beforeAll(async () => {
  [broker, server] = await Promise.all([sharedBroker(), sharedPostgres()]);
}, START_MS_MAX);
afterEach(() => workplace?.remove());
afterAll(async () => {
  await broker?.remove();
  await server?.remove();
});

test.each([
  { mode: "A", partitions: 3 },
  { mode: "C", partitions: 1 },
] as const)("mode $mode, partitions: $partitions", async (job) => {
  const places = { topics: new KafkaTopics(broker, job.partitions), table: new PostgresTable(server) };
  workplace = new KillableWorkplace(places);
  await killRebuilds(workplace, { ...JOB, ...job }, new Random(SEED), `seed ${SEED}`);
  await places.topics.expectAllProcessed();
  workplace.succeed("cleanup --yes");
});
