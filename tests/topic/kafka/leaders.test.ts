/** A topic whose leaders nobody knows for a while, as brokers start or stop: it is waited for, whoever asks first. */
import { afterAll, afterEach, beforeAll, expect, spyOn, test } from "bun:test";
import { createErrorFromCode } from "kafkajs/src/protocol/error.js";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import type { Broker } from "../../../src/topic/kafka/broker.ts";
import { KafkaPartitionReader } from "../../../src/topic/kafka/partition-reader.ts";
import type { KafkaBroker } from "../../services/kafka.ts";
import { sharedBroker } from "../../services/shared.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
const TOPIC = "without-leader";
const OTHER_TOPIC = "with-leader";
/** Kafka protocol guide, "Error Codes". */
const LEADER_NOT_AVAILABLE = 5;

let broker: KafkaBroker;
let admin: KafkaTopicAdmin;
beforeAll(async () => {
  broker = await sharedBroker();
  admin = new KafkaTopicAdmin(testClient({ brokers: [broker.brokers] }));
  for (const topic of [TOPIC, OTHER_TOPIC]) await admin.create(topic, 1);
}, START_MS_MAX);
afterAll(async () => {
  for (const topic of [TOPIC, OTHER_TOPIC]) await admin.remove(topic);
  await admin.close();
  await broker.remove();
});
const restores: (() => void)[] = [];
afterEach(() => {
  for (const restore of restores.splice(0)) restore();
});

/** The next answers about the topic name a partition that has no leader, which KafkaJS throws as an error. */
async function withoutLeader(answers: number): Promise<void> {
  let left = answers;
  const connection = testClient({ brokers: [broker.brokers] }).connection();
  const brokers: Broker = Object.getPrototypeOf(await connection.withAnyBroker(async (any) => any));
  await connection.close();
  const { metadata } = brokers;
  const asked = spyOn(brokers, "metadata").mockImplementation(async function (this: Broker, topics) {
    if (topics.includes(TOPIC) && left-- > 0) throw createErrorFromCode(LEADER_NOT_AVAILABLE);
    return metadata.call(this, topics);
  });
  restores.push(() => asked.mockRestore());
}

test.each([1, 3])("is waited for by a new connection, for %i answers", async (answers) => {
  const reader = new KafkaPartitionReader(testClient({ brokers: [broker.brokers] }).connection(), TOPIC, 0);
  await withoutLeader(answers);
  expect(await reader.bounds()).toEqual({ start: 0, end: 0 });
  await reader.close();
});

test("is waited for by a connection that knows another topic's", async () => {
  const connection = testClient({ brokers: [broker.brokers] }).connection();
  const [other, reader] = [OTHER_TOPIC, TOPIC].map((topic) => new KafkaPartitionReader(connection, topic, 0));
  await other.bounds();
  await withoutLeader(2);
  expect(await reader.bounds()).toEqual({ start: 0, end: 0 });
  await connection.close();
});
