/** What happens to a shard's transactional id on a real broker, and what its outputs make of it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import { KafkaOutputs } from "../../../src/topic/kafka/outputs.ts";
import { KafkaTopicReader } from "../../../src/topic/kafka/reader.ts";
import { KafkaBroker } from "../../services/kafka.ts";
import { epochOf, identity, readAll } from "../fixture.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
/** A week by default, and looked at every hour. */
const FORGETS_AT_ONCE = `transactional.id.expiration.ms=5000
transaction.remove.expired.transaction.cleanup.interval.ms=200`;

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await KafkaBroker.startOwn({ more: FORGETS_AT_ONCE });
}, START_MS_MAX);
afterAll(() => broker?.remove());

const RATINGS = ["c", "b-c"];
const SOURCE = { group: "group", topic: RATINGS[0] };
let admin: KafkaTopicAdmin;
let opened: KafkaOutputs[];
/** What the outputs' logs say. */
let logged: string[];
beforeEach(async () => {
  [opened, logged] = [[], []];
  admin = new KafkaTopicAdmin(testClient({ brokers: [broker.brokers] }));
  for (const topic of ["anomalies", "rejected", ...RATINGS]) await admin.create(topic, 1);
});
afterEach(async () => {
  for (const outputs of opened) await outputs.close();
  for (const topic of ["anomalies", "rejected", ...RATINGS]) await admin.remove(topic);
  await admin.close();
});

/** The outputs of a process of its own, for partition 0. */
function outputsOf(source = SOURCE): KafkaOutputs {
  const client = testClient({ brokers: [broker.brokers] }, undefined, logged);
  const places = { source, partitions: 1, anomalyTopic: "anomalies", rejectedTopic: "rejected" };
  const outputs = new KafkaOutputs(client, { ...places, checkHeld: async () => {} });
  opened.push(outputs);
  return outputs;
}

/** The epochs of a topic's records, in order. */
async function epochsOn(topic: string): Promise<number[]> {
  const reader = await KafkaTopicReader.open(testClient({ brokers: [broker.brokers] }), topic);
  const records = await readAll(reader);
  await reader.close();
  return records.map(({ headers }) => Number(headers.epoch));
}

test("two groups and topics whose names read alike when put together do not fence each other", async () => {
  const [first, second] = [outputsOf({ group: "a-b", topic: "c" }), outputsOf({ group: "a", topic: "b-c" })];
  for (const outputs of [first, second]) await outputs.fence();
  for (const outputs of [first, second]) await outputs.apply([epochOf(1, 1, 1)]);
  await first.apply([epochOf(2, 1, 1)]);
  for (const outputs of [first, second]) await outputs.fence();
  expect((await first.standings()).get(0)).toEqual(identity(2));
  expect((await second.standings()).get(0)).toEqual(identity(1));
  expect(logged).toEqual([]);
});

test("an id that brokers forgot, as it was quiet for long, is had again, and nothing is lost or doubled", async () => {
  const outputs = outputsOf();
  await outputs.fence();
  await outputs.apply([epochOf(1, 1, 1)]);
  const list = ["--bootstrap-server", broker.brokers, "list"];
  const known = () => broker.tool("org.apache.kafka.tools.TransactionsCommand", list);
  while ((await known()).includes("tidemark/")) expect(logged).toEqual([]);

  await outputs.apply([epochOf(2, 1, 1), epochOf(3, 1, 0)]);
  await outputs.apply([epochOf(4, 1, 1)]);
  expect(logged).toEqual([expect.stringContaining("which is not currently assigned to its transactional id")]);
  // What was committed is sure to be found behind a fence only.
  await outputs.fence();
  expect((await outputs.standings()).get(0)).toEqual(identity(4));
  expect([await epochsOn("anomalies"), await epochsOn("rejected")]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 4],
  ]);
});
