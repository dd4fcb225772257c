/** A consumer group's places, and its removal while another client is in it, on a real broker. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import { KafkaGroupOffsets } from "../../../src/topic/kafka/group-offsets.ts";
import { failureOf } from "../../failure.ts";
import type { KafkaBroker } from "../../services/kafka.ts";
import { sharedBroker } from "../../services/shared.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
const TOPIC = "read-by-another";
const GROUP = "group-of-another";

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker?.remove());

let admin: KafkaTopicAdmin;
let offsets: KafkaGroupOffsets;
beforeEach(() => {
  const client = testClient({ brokers: [broker.brokers] });
  admin = new KafkaTopicAdmin(client);
  offsets = new KafkaGroupOffsets(client);
});
afterEach(async () => {
  await offsets.close();
  await admin.close();
});

test("a place in any partition of the topic is one", async () => {
  const other = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING }).admin();
  const [topic, groupId] = ["in-partition-1", "group-in-partition-1"];
  try {
    await admin.create(topic, 2);
    await other.connect();
    await other.setOffsets({ groupId, topic, partitions: [{ partition: 1, offset: "0" }] });
    expect(await offsets.has(topic, groupId)).toBe(true);
    expect(await offsets.remove(topic, groupId)).toBe(true);
    expect(await offsets.has(topic, groupId)).toBe(false);
  } finally {
    await other.disconnect();
    await admin.remove(topic);
  }
});

test("a group with a living member is not removed: exit 3; once it has left, it is", async () => {
  const member = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: GROUP });
  try {
    await admin.create(TOPIC, 1);
    await offsets.commit(GROUP, TOPIC, 0);
    await member.connect();
    await member.subscribe({ topic: TOPIC });
    const joined = new Promise((resolve) => member.on("consumer.group_join", resolve));
    await member.run({});
    await joined;
    const error = await failureOf(() => offsets.remove(TOPIC, GROUP));
    const message = expect.stringContaining(`the consumer group ${GROUP} cannot be removed`);
    expect(error).toMatchObject({ exitCode: 3, message });
    expect(await offsets.has(TOPIC, GROUP)).toBe(true);
    await member.disconnect();
    expect(await offsets.remove(TOPIC, GROUP)).toBe(true);
    expect(await offsets.has(TOPIC, GROUP)).toBe(false);
  } finally {
    await member.disconnect();
    await admin.remove(TOPIC);
  }
});
