/**
 * The one file that reaches into KafkaJS (2.2.4, pinned): raw record batches in and out, topics named by their ids, and
 * the connections behind a client without joining a group. KafkaJS keeps connecting, SASL, TLS and every other request;
 * only its object per record is avoided. `kafka.test.ts` and `topic-id.test.ts` in `tests/topic/kafka` fail, against a
 * real broker, if KafkaJS ever changes here.
 */
import { Buffer } from "node:buffer";
import type { Kafka } from "kafkajs";
import BrokerPool from "kafkajs/src/cluster/brokerPool.js";
import Connection from "kafkajs/src/network/connection.js";
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import Decoder from "kafkajs/src/protocol/decoder.js";
import Encoder from "kafkajs/src/protocol/encoder.js";
import { createErrorFromCode, errorCodes } from "kafkajs/src/protocol/error.js";
import addPartitionsResponse from "kafkajs/src/protocol/requests/addPartitionsToTxn/v1/response.js";
import fetchRequests from "kafkajs/src/protocol/requests/fetch/index.js";
import fetchResponse from "kafkajs/src/protocol/requests/fetch/v11/response.js";
import metadataRequests from "kafkajs/src/protocol/requests/metadata/index.js";
import metadataResponse from "kafkajs/src/protocol/requests/metadata/v6/response.js";
import produceRequests from "kafkajs/src/protocol/requests/produce/index.js";
import produceResponse from "kafkajs/src/protocol/requests/produce/v7/response.js";
import { assert } from "../../errors.ts";
import type { Cluster, ProduceRequest } from "./broker.ts";
import { isNotAllowed, rootOf } from "./errors.ts";
import { decodeFetchById, encodeFetchById, FETCH_BY_ID_VERSION, type FetchRequest } from "./fetch-by-id.ts";
import { LargeResponses } from "./large-response.ts";
import { decodeMetadata, encodeMetadata, METADATA_VERSION, type MetadataRequest } from "./topic-metadata.ts";

/** Kafka protocol guide, "API keys". */
const PRODUCE_API_KEY = 0;
const FETCH_API_KEY = 1;
const METADATA_API_KEY = 3;
/** Where a response's correlation id stands, behind its size, in four bytes each. */
const CORRELATION_ID_AT = 4;
/** Kafka protocol guide, "Error Codes". */
const NO_ERROR = 0;
const OPERATION_NOT_ATTEMPTED = 55;
/** The newest that KafkaJS decodes the response of; brokers since 2.1 know it. */
const PRODUCE_VERSION = 7;
/** The newest of KafkaJS; its response is decoded below. */
const FETCH_BY_NAME_VERSION = 11;

/** A cluster of its own, not connected yet: a partition assigner's factory is handed it without any join. */
export function clusterOf(kafka: Kafka): Cluster {
  let found: Cluster | undefined;
  kafka.consumer({
    groupId: "none: never joined",
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        found = cluster as unknown as Cluster;
        return {
          name: "none",
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: "", metadata: Buffer.of() }),
        };
      },
    ],
  });
  assert(found !== undefined, "KafkaJS hands its cluster to the factory of an assigner");
  return found;
}

interface FieldDecoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readString(): string;
  readBytes(): Buffer | null;
  readArray<T>(read: (decoder: FieldDecoder) => T): T[];
}

/** Fetch response, version 11, with the record set as it is. Throttling is the broker's: KafkaJS reports 0 here too. */
fetchResponse.decode = async (response: Buffer) => {
  const decoder = new Decoder(response) as FieldDecoder;
  const clientSideThrottleTime = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const sessionId = decoder.readInt32();
  const responses = decoder.readArray((topic) => ({
    topicName: topic.readString(),
    partitions: topic.readArray((partition) => ({
      partition: partition.readInt32(),
      errorCode: partition.readInt16(),
      highWatermark: Number(partition.readInt64()),
      lastStableOffset: Number(partition.readInt64()),
      lastStartOffset: Number(partition.readInt64()),
      abortedTransactions: partition.readArray((aborted) => ({
        producerId: Number(aborted.readInt64()),
        firstOffset: Number(aborted.readInt64()),
      })),
      preferredReadReplica: partition.readInt32(),
      records: partition.readBytes() ?? new Uint8Array(0),
    })),
  }));
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
};

// KafkaJS takes the highest version that it and the broker know, and has none of these two that tells a topic's id.
const fetchByName = fetchRequests.protocol({ version: FETCH_BY_NAME_VERSION });
addVersion(fetchRequests, FETCH_BY_ID_VERSION, (request: FetchRequest) => {
  if (request.topics[0].partitions[0].topicId === undefined) return fetchByName(request);
  const parse = async (response: ReturnType<typeof decodeFetchById>) => {
    // From this version on, an error of the whole request stands here alone.
    if (response.errorCode !== 0) throw createErrorFromCode(response.errorCode);
    return fetchResponse.parse(response);
  };
  return {
    request: requestOf("Fetch", FETCH_API_KEY, FETCH_BY_ID_VERSION, encodeFetchById(request)),
    response: { decode: async (response: Buffer) => decodeFetchById(response), parse },
  };
});
addVersion(metadataRequests, METADATA_VERSION, (request: MetadataRequest) => ({
  request: requestOf("Metadata", METADATA_API_KEY, METADATA_VERSION, encodeMetadata(request)),
  response: { decode: async (response: Buffer) => decodeMetadata(response), parse: metadataResponse.parse },
}));
// Kafka protocol guide, "Error Codes": KafkaJS's list ends before these.
errorCodes.push(
  {
    type: "PRODUCER_FENCED",
    code: 90,
    retriable: false,
    message: "There is a newer producer of this transactional id",
  },
  { type: "UNKNOWN_TOPIC_ID", code: 100, retriable: true, message: "This server does not host this topic ID" },
  { type: "INCONSISTENT_TOPIC_ID", code: 103, retriable: true, message: "The log's topic ID is not the request's" },
  { type: "TRANSACTION_ABORTABLE", code: 120, retriable: false, message: "The transaction has to be aborted" },
);

interface RequestVersions {
  readonly versions: string[];
  protocol(options: { version: number }): unknown;
}

/** Where a broker knows none that new, KafkaJS's newest is sent as before. */
function addVersion(requests: RequestVersions, added: number, make: (request: never) => unknown): void {
  const newest = Math.max(...requests.versions.map(Number));
  const protocol = requests.protocol;
  requests.versions.push(String(added));
  requests.protocol = ({ version }) => (version === added ? make : protocol({ version: Math.min(version, newest) }));
}

/** KafkaJS writes a header without tagged fields: those of flexible messages stand at the beginning of `bytes`. */
function requestOf(apiName: string, apiKey: number, apiVersion: number, bytes: Buffer) {
  return { apiName, apiKey, apiVersion, encode: async () => new Encoder(bytes.length).writeBuffer(bytes) };
}

/** Produce request, version 7, of whole batches. */
produceRequests.protocol = () => (request: ProduceRequest & { acks: number; timeout: number }) => ({
  request: {
    apiKey: PRODUCE_API_KEY,
    apiVersion: PRODUCE_VERSION,
    apiName: "Produce",
    expectResponse: () => true,
    encode: async () => encodeProduce(request),
  },
  response: produceResponse,
});

function encodeProduce({
  transactionalId,
  acks,
  timeout,
  topicData,
}: ProduceRequest & { acks: number; timeout: number }) {
  const bytes = topicData.flatMap(({ partitions }) => partitions.map(({ batch }) => batch.length));
  // Room for all of it at once: KafkaJS would double, clear and copy its buffer on the way there.
  const encoder = new Encoder(bytes.reduce((sum, length) => sum + length, 0) + 1024);
  encoder.writeString(transactionalId).writeInt16(acks).writeInt32(timeout).writeInt32(topicData.length);
  for (const { topic, partitions } of topicData) {
    encoder.writeString(topic).writeInt32(partitions.length);
    for (const { partition, batch } of partitions) {
      encoder.writeInt32(partition).writeInt32(batch.length);
      encoder.writeBufferInternal(Buffer.from(batch.buffer, batch.byteOffset, batch.length));
    }
  }
  return encoder;
}

/** The parts of a KafkaJS connection that take in responses. */
interface ReceivingConnection {
  readonly socket: object;
  readonly authHandlers: unknown;
  readonly bytesBuffered: number;
  processData(piece: Buffer): void;
  readonly requestQueue: {
    /** Requests without an answer yet, by correlation id. */
    readonly inflight: ReadonlyMap<number, { readonly entry: { readonly apiKey: number } }>;
    fulfillRequest(response: { size: number; correlationId: number; payload: Buffer }): void;
  };
}

// Large responses to fetches are taken in by us; all others, whose readers may keep them, as KafkaJS does. By socket: a
// connection that is made again has nothing of the one before.
const largeResponses = new WeakMap<object, LargeResponses>();
const processData = Connection.prototype.processData;
Connection.prototype.processData = function (this: ReceivingConnection, piece: Buffer): void {
  let large = largeResponses.get(this.socket);
  if (large === undefined) {
    large = new LargeResponses();
    largeResponses.set(this.socket, large);
  }
  if (large.isReceiving) {
    const whole = large.receive(piece);
    if (whole === undefined) return;
    const { response, rest } = whole;
    const payload = response.subarray(4);
    this.requestQueue.fulfillRequest({ size: response.length, correlationId: response.readInt32BE(0), payload });
    if (rest.length > 0) this.processData(rest);
    return;
  }
  const isFirst = this.authHandlers === null && this.bytesBuffered === 0;
  if (isFirst && isOfFetch(this, piece) && large.begins(piece)) return;
  processData.call(this, piece);
};

/** By the correlation id that stands behind a response's size; false where that is not there yet. */
function isOfFetch({ requestQueue }: ReceivingConnection, piece: Buffer): boolean {
  if (piece.length < CORRELATION_ID_AT + 4) return false;
  return requestQueue.inflight.get(piece.readInt32BE(CORRELATION_ID_AT))?.entry.apiKey === FETCH_API_KEY;
}

// KafkaJS goes on to the next of the brokers it was given when one cannot be connected to, and for nothing else: one
// that takes connections and closes them would be asked forever.
const connectToSeed = BrokerPool.prototype.connect;
BrokerPool.prototype.connect = async function (this: { createSeedBroker(): Promise<void> }): Promise<void> {
  try {
    await connectToSeed.call(this);
  } catch (error) {
    if (rootOf(error).name === "KafkaJSConnectionClosedError") await this.createSeedBroker();
    throw error;
  }
};

// KafkaJS forgets what a broker answers when asked for a coordinator: a right that we lack does not come by waiting.
const withBroker = BrokerPool.prototype.withBroker;
BrokerPool.prototype.withBroker = async function (ask: (each: unknown) => Promise<unknown>): Promise<unknown> {
  let refusal: unknown;
  const answer = await withBroker.call(this, (each: unknown) =>
    ask(each).catch((error) => {
      if (isNotAllowed(error)) refusal = error;
      throw error;
    }),
  );
  if (answer === null && refusal !== undefined) throw refusal;
  return answer;
};

// KafkaJS takes the first error of several: the one that counts is of the topic for whose sake others were left alone.
const parseAddedPartitions = addPartitionsResponse.parse;
addPartitionsResponse.parse = async (response: AddedPartitions) => {
  const counts = ({ partitionErrors }: AddedPartitions["errors"][number]) =>
    partitionErrors.some(({ errorCode }) => errorCode !== NO_ERROR && errorCode !== OPERATION_NOT_ATTEMPTED);
  const counting = response.errors.filter(counts);
  return parseAddedPartitions(counting.length > 0 ? { ...response, errors: counting } : response);
};

interface AddedPartitions {
  readonly errors: readonly { readonly partitionErrors: readonly { readonly errorCode: number }[] }[];
}

// KafkaJS takes the first broker's versions for all. Now each is asked for its own: while a cluster is upgraded, one
// may not know what another knows.
Object.defineProperty(BrokerPool.prototype, "versions", { get: () => null, set: () => {} });

// KafkaJS sets a timer after every answer, with a negative time where nothing is throttled; runtimes warn of that. The
// timer looks for requests that wait, so it has nothing to do where none does.
const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
RequestQueue.prototype.scheduleCheckPendingRequests = function (this: { pending: readonly unknown[] }) {
  if (this.pending.length > 0) schedule.call(this);
};
