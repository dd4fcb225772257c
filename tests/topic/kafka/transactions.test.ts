/** What happens to a shard's transactional id on a real broker, and what its outputs make of it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import { KafkaOutputs } from "../../../src/topic/kafka/outputs.ts";
import type { KafkaBroker } from "../../services/kafka.ts";
import { sharedBroker } from "../../services/shared.ts";
import { epochOf, identity } from "../fixture.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker.remove());

const RATINGS = ["c", "b-c"];
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
function outputsOf(source: { group: string; topic: string }): KafkaOutputs {
  const client = testClient({ brokers: [broker.brokers] }, undefined, logged);
  const places = { source, partitions: 1, anomalyTopic: "anomalies", rejectedTopic: "rejected" };
  const outputs = new KafkaOutputs(client, { ...places, checkHeld: async () => {} });
  opened.push(outputs);
  return outputs;
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
