/** Topics on a Kafka broker for the contract's suites: made under the suites' own names, and gone after each test. */
import type { Log } from "../../src/terminal/log.ts";
import type { TopicAdmin } from "../../src/topic/contract.ts";
import { KafkaTopicAdmin } from "../../src/topic/kafka/admin.ts";
import { KafkaClient, type KafkaPlace } from "../../src/topic/kafka/client.ts";
import { KafkaGroupOffsets } from "../../src/topic/kafka/group-offsets.ts";
import { KafkaOutputs } from "../../src/topic/kafka/outputs.ts";
import { KafkaTopicReader } from "../../src/topic/kafka/reader.ts";
import { KafkaTopicWriter } from "../../src/topic/kafka/writer.ts";
import type { TopicFixture } from "./fixture.ts";

/** As many as the suites' ratings topics have shards. */
const SHARDS = 3;

/** A client as a command has one. */
export function testClient(
  place: KafkaPlace,
  signal = new AbortController().signal,
  logged: string[] = [],
): KafkaClient {
  const note = (message: string) => void logged.push(message);
  const log: Log = { error: note, warn: note, info: note, debug: () => {} };
  return new KafkaClient(place, { log, now: Date.now, signal });
}

/** A commit is answered a little before it can be seen. */
async function untilCommitted(reader: KafkaTopicReader): Promise<void> {
  for (let partition = 0; partition < reader.partitions; partition++) {
    for (;;) {
      const { end } = await reader.bounds(partition);
      if (end === (await reader.highWatermark(partition))) break;
      await reader.waitForMore(partition, end, new AbortController().signal);
    }
  }
}

export function kafkaFixture(brokers: string): TopicFixture {
  const client = testClient({ brokers: [brokers] });
  const admin = new KafkaTopicAdmin(client);
  const offsets = new KafkaGroupOffsets(client);
  const topics = new Set<string>();
  const groups = new Map<string, string>();
  const create: TopicAdmin["create"] = (topic, partitions) => {
    topics.add(topic);
    return admin.create(topic, partitions);
  };
  return {
    // A broker keeps no offset for a topic that it does not have, and no empty epoch goes without its offset.
    commitsOffsets: true,
    saysLast: true,
    admin: {
      create,
      exists: (topic) => admin.exists(topic),
      checkIdle: () => admin.checkIdle(),
      remove: (topic) => admin.remove(topic),
      close: () => admin.close(),
    },
    offsets: {
      read: (group, topic) => offsets.read(group, topic),
      commit: (group, topic, offset) => {
        groups.set(group, topic);
        return offsets.commit(group, topic, offset);
      },
      has: (topic, group) => offsets.has(topic, group),
      remove: (topic, group) => offsets.remove(topic, group),
      close: () => offsets.close(),
    },
    reader: async (topic) => {
      const reader = await KafkaTopicReader.open(client, topic);
      await untilCommitted(reader);
      return reader;
    },
    writer: (topic) => KafkaTopicWriter.open(client, topic),
    outputs: async (source) => {
      await create(source.topic, SHARDS);
      groups.set(source.group, source.topic);
      const places = { source, partitions: SHARDS, anomalyTopic: "anomalies", rejectedTopic: "rejected" };
      return new KafkaOutputs(client, { ...places, checkHeld: async () => {} });
    },
    remove: async () => {
      for (const [group, topic] of groups) await offsets.remove(topic, group);
      for (const topic of topics) await admin.remove(topic);
      await offsets.close();
      await admin.close();
    },
  };
}
