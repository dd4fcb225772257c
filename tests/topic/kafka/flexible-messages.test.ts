/**
 * Fetch by topic id and metadata with ids, against bytes that are put together here, field by field, from Kafka's
 * message schemas (FetchRequest.json, FetchResponse.json, MetadataRequest.json, MetadataResponse.json) and KIP-482.
 */
import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodeFetchById, encodeFetchById } from "../../../src/topic/kafka/fetch-by-id.ts";
import { decodeMetadata, encodeMetadata } from "../../../src/topic/kafka/topic-metadata.ts";

type Part = Buffer | readonly Part[];

const joined = (...parts: readonly Part[]): Buffer =>
  Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : joined(...part))));

function integer(bytes: number) {
  return (value: number | bigint): Buffer => {
    const digits = BigInt.asUintN(bytes * 8, BigInt(value)).toString(16);
    return Buffer.from(digits.padStart(bytes * 2, "0"), "hex");
  };
}
const [int8, int16, int32, int64] = [integer(1), integer(2), integer(4), integer(8)];

/** UNSIGNED_VARINT: seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  return value < 128 ? Buffer.of(value) : joined(Buffer.of((value % 128) + 128), varint(Math.floor(value / 128)));
}
const compactBytes = (bytes: Buffer) => joined(varint(bytes.length + 1), bytes);
const compactString = (text: string) => compactBytes(Buffer.from(text));
const compactArray = (...items: readonly Part[]) => joined(varint(items.length + 1), items);
const NULL = varint(0);
const NO_TAGS = varint(0);
/** Fields of a later version. */
const TAGS = joined(varint(2), varint(0), varint(3), Buffer.from("abc"), varint(300), varint(200), Buffer.alloc(200));

const ID_BYTES = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const ID = "ABEiM0RVZneImaq7zN3u_w";
const NO_ID = Buffer.alloc(16);

/** Every message that ends too early is refused. */
function expectWhole(message: Buffer, decode: (message: Buffer) => unknown): void {
  for (let length = 0; length < message.length; length++) {
    expect(() => decode(message.subarray(0, length))).toThrow(RangeError);
  }
}

describe("fetch by id", () => {
  test("the request has a field for each of the schema's", () => {
    const request = encodeFetchById({
      replicaId: -1,
      isolationLevel: 1,
      maxWaitTime: 500,
      minBytes: 1,
      maxBytes: 4_194_304,
      topics: [
        {
          topic: "ratings",
          partitions: [{ partition: 3, topicId: ID, fetchOffset: 2 ** 40 + 5, maxBytes: 1_048_576 }],
        },
      ],
    });
    const partition = [int32(3), int32(-1), int64(2n ** 40n + 5n), int32(-1), int64(-1), int32(1_048_576), NO_TAGS];
    const topic = [ID_BYTES, compactArray(partition), NO_TAGS];
    const session = [int32(0), int32(-1)];
    expect(request).toEqual(
      joined(
        NO_TAGS,
        ...[int32(-1), int32(500), int32(1), int32(4_194_304), int8(1), session],
        ...[compactArray(topic), compactArray(), compactString(""), NO_TAGS],
      ),
    );
  });

  const ends = [int64(2n ** 33n), int64(2n ** 33n - 1n), int64(7)];
  const responseOf = (partition: Part, errorCode = 0) =>
    joined(
      ...[TAGS, int32(25), int16(errorCode), int32(0)],
      ...[compactArray([ID_BYTES, compactArray(partition), TAGS]), TAGS],
    );

  test.each([0, 1, 126, 127, 128, 16_382, 16_383, 16_384, 300_000])(
    "the response's %i bytes of records are a view of it",
    (length) => {
      const records = Buffer.alloc(length, 7);
      const aborted = compactArray([int64(2n ** 35n), int64(9), NO_TAGS], [int64(2), int64(10), TAGS]);
      const response = responseOf([int32(3), int16(0), ends, aborted, int32(-1), compactBytes(records), TAGS]);
      const { clientSideThrottleTime, errorCode, responses } = decodeFetchById(response);
      expect({ clientSideThrottleTime, errorCode, topics: responses.length }).toEqual({
        clientSideThrottleTime: 25,
        errorCode: 0,
        topics: 1,
      });
      expect(responses[0].topicName).toBe(ID);
      const [{ records: found, ...partition }] = responses[0].partitions;
      expect(partition).toEqual({
        partition: 3,
        errorCode: 0,
        highWatermark: 2 ** 33,
        lastStableOffset: 2 ** 33 - 1,
        lastStartOffset: 7,
        abortedTransactions: [
          { producerId: 2 ** 35, firstOffset: 9 },
          { producerId: 2, firstOffset: 10 },
        ],
        preferredReadReplica: -1,
      });
      expect(records.equals(found)).toBe(true);
      expect(found.buffer).toBe(response.buffer);
      if (length < 200) expectWhole(response, decodeFetchById);
    },
  );

  test("what may be null is empty, and an error is given", () => {
    const response = responseOf([
      int32(0),
      int16(100),
      int64(-1),
      int64(-1),
      int64(-1),
      NULL,
      int32(-1),
      NULL,
      NO_TAGS,
    ]);
    const [partition] = decodeFetchById(response).responses[0].partitions;
    expect({ ...partition, records: partition.records.length }).toEqual({
      partition: 0,
      errorCode: 100,
      highWatermark: -1,
      lastStableOffset: -1,
      lastStartOffset: -1,
      abortedTransactions: [],
      preferredReadReplica: -1,
      records: 0,
    });
  });

  test("an error of the whole request stands alone", () => {
    const response = joined(NO_TAGS, int32(0), int16(56), int32(0), compactArray(), NO_TAGS);
    expect(decodeFetchById(response)).toMatchObject({ errorCode: 56, responses: [] });
  });
});

describe("metadata", () => {
  const oneTopic = (name: string) => [NO_ID, compactString(name), NO_TAGS];

  test("the request names topics, or none", () => {
    expect(encodeMetadata({ topics: ["ratings", "ž"], allowAutoTopicCreation: false })).toEqual(
      joined(NO_TAGS, compactArray(oneTopic("ratings"), oneTopic("ž")), int8(0), int8(0), NO_TAGS),
    );
    expect(encodeMetadata({ topics: [], allowAutoTopicCreation: true })).toEqual(
      joined(NO_TAGS, compactArray(), int8(1), int8(0), NO_TAGS),
    );
  });

  test("the response gives brokers, topics, ids and leaders", () => {
    const numbers = (...values: number[]) => compactArray(...values.map(int32));
    const partition = (index: number, leader: number) => [
      ...[int16(0), int32(index), int32(leader), int32(17), numbers(1, 2), numbers(leader), numbers(), TAGS],
    ];
    const name = "r".repeat(200);
    const topics = [
      [
        int16(0),
        compactString(name),
        ID_BYTES,
        int8(0),
        compactArray(partition(0, 1), partition(1, 2)),
        int32(0),
        TAGS,
      ],
      [int16(3), compactString("none"), NO_ID, int8(1), compactArray(), int32(-(2 ** 31)), NO_TAGS],
    ];
    const brokers = [
      [int32(1), compactString("one.example"), int32(9092), NULL, NO_TAGS],
      [int32(2), compactString("10.0.0.2"), int32(19092), compactString("rack"), TAGS],
    ];
    const response = joined(
      ...[TAGS, int32(0), compactArray(...brokers), compactString("cluster"), int32(2)],
      ...[compactArray(...topics), NO_TAGS],
    );
    const found = (partitionId: number, leader: number) => {
      return { partitionErrorCode: 0, partitionId, leader, replicas: [1, 2], isr: [leader], offlineReplicas: [] };
    };
    expect(decodeMetadata(response)).toEqual({
      throttleTime: 0,
      clientSideThrottleTime: 0,
      brokers: [
        { nodeId: 1, host: "one.example", port: 9092, rack: null },
        { nodeId: 2, host: "10.0.0.2", port: 19092, rack: "rack" },
      ],
      clusterId: "cluster",
      controllerId: 2,
      topicMetadata: [
        {
          topicErrorCode: 0,
          topic: name,
          topicId: ID,
          isInternal: false,
          partitionMetadata: [found(0, 1), found(1, 2)],
        },
        { topicErrorCode: 3, topic: "none", topicId: undefined, isInternal: true, partitionMetadata: [] },
      ],
    });
    expectWhole(response, decodeMetadata);
  });
});
