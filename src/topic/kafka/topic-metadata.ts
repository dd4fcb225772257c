/**
 * Metadata, version 12: brokers, topics, leaders, and the topics' ids (KIP-516), which tell apart topics of one name.
 * Its bytes, as Kafka's MetadataRequest.json and MetadataResponse.json have them; sends nothing.
 */
import type { Buffer } from "node:buffer";
import { FlexibleReader, FlexibleWriter } from "./flexible-fields.ts";

export const METADATA_VERSION = 12;

export interface MetadataRequest {
  /**
   * Empty: none. KafkaJS means all of them, as it connects, which on a large cluster is megabytes a connection; brokers
   * that do not know this version still send those.
   */
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation: boolean;
}

/** From the last field of the request's header on. */
export function encodeMetadata({ topics, allowAutoTopicCreation }: MetadataRequest): Buffer {
  const writer = new FlexibleWriter();
  writer.end(); // Of the header.
  writer.array(topics, (topic) => {
    writer.uuid(undefined).string(topic).end();
  });
  writer.int8(allowAutoTopicCreation ? 1 : 0);
  writer.int8(0); // Nobody asks what we may do with the topics.
  return writer.end().finish();
}

/** What stands behind the response's correlation id, in KafkaJS's names, and the topics' ids. */
export function decodeMetadata(response: Buffer) {
  const reader = new FlexibleReader(response);
  reader.end(); // Of the header.
  const clientSideThrottleTime = reader.int32();
  const brokers = reader.array(() => {
    const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32(), rack: reader.string() };
    reader.end();
    return broker;
  });
  const clusterId = reader.string();
  const controllerId = reader.int32();
  const topicMetadata = reader.array(() => readTopic(reader));
  reader.end();
  return { throttleTime: 0, clientSideThrottleTime, brokers, clusterId, controllerId, topicMetadata };
}

function readTopic(reader: FlexibleReader) {
  const topicErrorCode = reader.int16();
  const topic = reader.string();
  const topicId = reader.uuid();
  const isInternal = reader.int8() !== 0;
  const partitionMetadata = reader.array(() => readPartition(reader));
  reader.int32(); // What we may do with it: not asked for.
  reader.end();
  return { topicErrorCode, topic, topicId, isInternal, partitionMetadata };
}

function readPartition(reader: FlexibleReader) {
  const partitionErrorCode = reader.int16();
  const partitionId = reader.int32();
  const leader = reader.int32();
  reader.int32(); // The leader's epoch.
  const brokers = () => reader.array(() => reader.int32());
  const [replicas, isr, offlineReplicas] = [brokers(), brokers(), brokers()];
  reader.end();
  return { partitionErrorCode, partitionId, leader, replicas, isr, offlineReplicas };
}
