/**
 * `cleanup` on Kafka and PostgreSQL: nothing of the job is left, so `setup` after it starts afresh, with whatever
 * settings; and a topic that was there before `setup` stays as it is. Looked at by Kafka's own tools and psql.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedBroker, sharedPostgres } from "../services/shared.ts";
import { expectedOf, expectOutputs, flagsOf, type Job } from "./expectation.ts";
import type { Left } from "./places.ts";
import { KafkaTopics, PostgresTable } from "./served-places.ts";
import { Workplace } from "./workplace.ts";

setDefaultTimeout(120_000);

/** Kafka and PostgreSQL may have to be installed first. */
const START_MS_MAX = 600_000;
const PARTITIONS = 2;
const JOB: Job = { mode: "C", days: 1, minCount: 1, minMean: 3 };
const TITLES = "1,2003,Dinosaur Planet\n2,NULL,Isle of Man\n3,2001,K-Pax\n";

let broker: KafkaBroker;
let server: PostgresServer;
let topics: KafkaTopics;
let table: PostgresTable;
let work: Workplace;
beforeAll(async () => {
  [broker, server] = await Promise.all([sharedBroker(), sharedPostgres()]);
}, START_MS_MAX);
beforeEach(() => {
  topics = new KafkaTopics(broker, PARTITIONS);
  table = new PostgresTable(server);
  work = new Workplace({ topics, table });
  work.write("data/movie_titles.csv", TITLES);
});
afterEach(() => work.remove());
afterAll(async () => {
  await broker?.remove();
  await server?.remove();
});

/** Sends some days of ratings, and a line that is none. */
function produce(month: string): void {
  const days = Array.from({ length: 20 }, (_, day) => `${month}-${String(day + 1).padStart(2, "0")}`);
  const lines = days.flatMap((date) => [`${date},1,7,4`, `${date},2,7,2`, `${date},3,8,5`]);
  work.write(`${month}/ratings.csv`, ["date,film_id,user_id,rate", ...lines, "no rating", ""].join("\n"));
  work.succeed(`produce --ratings ${month}`);
}

/** Everything is read, and as the oracle has it; the lines that `consume-kafka` prints. */
async function run(job: Job): Promise<{ left: Left; printed: string }> {
  work.succeed(`process --drain ${flagsOf(job)}`);
  const printed = work.succeed("consume-kafka --once").stdout;
  const left = await work.left();
  expectOutputs(left, left.ratings, expectedOf(left.ratings, job, TITLES));
  expect(printed).toBe(left.anomalies.map(({ value }) => `${value}\n`).join(""));
  return { left, printed };
}

/** The job's topics that the broker has. */
async function topicsLeft(): Promise<string[]> {
  const names: string[] = Object.values(topics.names);
  const listed = await broker.tool("org.apache.kafka.tools.TopicCommand", [
    "--bootstrap-server",
    broker.brokers,
    "--list",
  ]);
  return listed.split("\n").filter((name) => names.includes(name));
}

/** One after another: asked for two groups, the tool says nothing of either when one is not there. */
async function placesOfGroups(): Promise<string[]> {
  const places = [
    ...(await broker.consumerGroups(topics.group)),
    ...(await broker.consumerGroups(topics.consumerGroup)),
  ];
  return places.map(({ topic, partition, offset }) => `${topic}/${partition}: ${offset}`);
}

test("cleanup leaves nothing, and setup after it starts afresh, with other settings and other ratings", async () => {
  work.succeed("setup");
  produce("2002-09");
  const first = await run(JOB);
  expect(first.left.rows.length).toBeGreaterThan(0);
  expect(await placesOfGroups()).toHaveLength(PARTITIONS + 1);

  const { stderr } = work.succeed("cleanup --yes");
  for (const topic of Object.values(topics.names)) expect(stderr).toContain(`removed topic ${topic} on `);
  for (const what of ["the place of group", "database", "user"]) expect(stderr).toContain(`removed ${what}`);
  expect([await topicsLeft(), await placesOfGroups(), table.exists, work.contents()]).toEqual([[], [], false, {}]);
  expect(work.succeed("cleanup --yes").stderr).toContain("there is nothing to remove");

  // Group and names are the same; a mode, days and ratings before those that were counted are not.
  work.succeed("setup");
  produce("2001-02");
  const second = await run({ ...JOB, mode: "A", days: 3 });
  expect(second.left.ratings.flat()).toHaveLength(61);
  expect(second.printed).toStartWith("2001-01-30 00:00:00,2001-02-02 00:00:00,");
  await topics.expectAllConsumed();
  work.succeed("cleanup --yes");
});

test("cleanup leaves alone a topic that was there before setup, except for the groups' places in it", async () => {
  await broker.createTopic(topics.names.ratings, PARTITIONS);
  produce("2002-09");
  expect(work.succeed("setup").stderr).toContain(`topic ${topics.names.ratings}: was there already`);
  produce("2002-10");
  const before = await run(JOB);
  expect(before.left.ratings.flat()).toHaveLength(122);

  const { stderr } = work.succeed("cleanup --yes");
  expect(stderr).toContain(`(kept: topic ${topics.names.ratings} on ${broker.brokers}, as setup did not make it)`);
  expect(stderr).not.toContain(`removed topic ${topics.names.ratings}`);
  expect([await topicsLeft(), await placesOfGroups(), table.exists]).toEqual([[topics.names.ratings], [], false]);
  expect(await topics.read("ratings")).toEqual(before.left.ratings);

  // Read again from its start, into topics and a table that are new.
  work.succeed("setup");
  const again = await run(JOB);
  expect(again.left.rows).toEqual(before.left.rows);
  expect(again.printed).toBe(before.printed);
  await topics.expectAllConsumed();
  work.succeed("cleanup --yes");
  await broker.deleteTopic(topics.names.ratings);
});
