/**
 * A reader keeps to the topic that it was opened on, by its id: on a real broker, and on one that stands for a broker
 * of before topics had ids; and what a reader makes of brokers that do not know the id yet, by brokers made up.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { RemadeTopic } from "../../../src/topic/contract.ts";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import type { Broker, Cluster } from "../../../src/topic/kafka/broker.ts";
import { KafkaConnection } from "../../../src/topic/kafka/connection.ts";
import { KafkaPartitionReader } from "../../../src/topic/kafka/partition-reader.ts";
import { KafkaTopicReader } from "../../../src/topic/kafka/reader.ts";
import { KafkaTopicWriter } from "../../../src/topic/kafka/writer.ts";
import { failureOf } from "../../failure.ts";
import type { KafkaBroker } from "../../services/kafka.ts";
import { KafkaCutProxy } from "../../services/kafka-cut-proxy.ts";
import { sharedBroker } from "../../services/shared.ts";
import { append, batchOf, READ_BYTES, readValues } from "../fixture.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
const TOPIC = "read-by-id";
const REMADE = `the topic ${TOPIC} on `;
const never = new AbortController().signal;

describe("on a broker", () => {
  let broker: KafkaBroker;
  let proxy: KafkaCutProxy;
  let admin: KafkaTopicAdmin;
  let readers: KafkaTopicReader[];
  beforeAll(async () => {
    broker = await sharedBroker();
  }, START_MS_MAX);
  afterAll(() => broker.remove());
  beforeEach(async () => {
    proxy = await KafkaCutProxy.start(broker.brokers);
    readers = [];
    admin = new KafkaTopicAdmin(testClient({ brokers: [broker.brokers] }));
    await admin.create(TOPIC, 1);
  });
  afterEach(async () => {
    for (const reader of readers) await reader.close();
    await admin.remove(TOPIC);
    await admin.close();
    proxy.shut();
  });

  async function write(...values: string[]): Promise<void> {
    const writer = await KafkaTopicWriter.open(testClient({ brokers: [broker.brokers] }), TOPIC);
    await append(writer, values);
    await writer.close();
  }

  async function open({ brokers } = proxy): Promise<KafkaTopicReader> {
    const reader = await KafkaTopicReader.open(testClient({ brokers: [brokers] }), TOPIC);
    readers.push(reader);
    return reader;
  }

  async function remake(...values: string[]): Promise<void> {
    await admin.remove(TOPIC);
    await admin.create(TOPIC, 1);
    await write(...values);
  }

  test("metadata of no topic in particular is that of the brokers only", async () => {
    const connection = testClient({ brokers: [broker.brokers] }).connection();
    const { clusterId, topicMetadata } = await connection.withAnyBroker((each) => each.metadata([]));
    await connection.close();
    expect(clusterId).not.toBe("");
    expect(topicMetadata).toEqual([]);
  });

  test("that knows ids, all is fetched by them", async () => {
    await write("a", "b");
    const reader = await open();
    expect(await readValues(reader)).toEqual(["a", "b"]);
    expect(await reader.bounds(0)).toEqual({ start: 0, end: 2 });
    expect([...proxy.fetchVersions]).toEqual([13]);
  });

  test("that knows ids, a topic made again is refused, however long it is", async () => {
    await write("a", "b");
    const reader = await open();
    expect(await readValues(reader)).toEqual(["a", "b"]);
    const waiting = reader.waitForMore(0, 2, never);
    await remake("other", "values", "and", "more");
    for (const attempt of [() => waiting, () => reader.read(0, 2, READ_BYTES), () => reader.bounds(0)]) {
      const refused = await failureOf(attempt);
      expect(refused).toBeInstanceOf(RemadeTopic);
      expect(refused.exitCode).toBe(4);
      expect(refused.message).toBe(
        `the topic ${TOPIC} on ${proxy.brokers} was deleted and made again while it was read`,
      );
      expect(refused.hint).toContain("--rebuild");
    }
    expect(await readValues(await open())).toEqual(["other", "values", "and", "more"]);
  });

  test("that knows none, it is fetched by name, and one that is long enough is taken for the old one", async () => {
    proxy.isWithoutIds = true;
    await write("a", "b");
    const reader = await open();
    expect(await readValues(reader)).toEqual(["a", "b"]);
    expect(await reader.bounds(0)).toEqual({ start: 0, end: 2 });
    await remake("other");
    const refused = await failureOf(() => reader.read(0, 2, READ_BYTES));
    expect(refused).toMatchObject({ exitCode: 4, message: expect.stringContaining("does not hold offset 2") });
    await write("values");
    await write("and more");
    expect(await readValues(reader, 0, 2)).toEqual(["and more"]);
    expect([...proxy.fetchVersions]).toEqual([11]);
  });

  test.each([true, false])("whose first broker knows them (%p), the others are asked for themselves", async (knows) => {
    const first = await KafkaCutProxy.start(broker.brokers);
    try {
      first.portNamed = Number(proxy.brokers.split(":")[1]);
      first.isWithoutIds = !knows;
      proxy.isWithoutIds = knows;
      await write("a", "b");
      expect(await readValues(await open(first))).toEqual(["a", "b"]);
      expect([...proxy.fetchVersions]).toEqual([knows ? 11 : 13]);
      expect([...first.fetchVersions]).toEqual([]);
    } finally {
      first.shut();
    }
  });
});

describe("on brokers made up", () => {
  /** Each answer of the leader's is used once, the last of them for good. */
  interface Leader {
    readonly fetchErrors?: string[];
    /** Called with the bytes that each fetch asks for; there is nothing to be fetched then. */
    readonly onFetch?: (maxBytes: number) => void;
    readonly ids: (string | undefined)[];
  }

  const protocolError = (type: string) => Object.assign(new Error(type), { type });
  const nextOf = <T>(answers: T[]): T => (answers.length > 1 ? (answers.shift() as T) : answers[0]);

  function readerOf({ fetchErrors = [], ids, onFetch }: Leader, now = Date.now) {
    const leader = {
      fetch: async ({ maxBytes }: { maxBytes: number }) => {
        const type = fetchErrors.shift();
        if (type !== undefined) throw protocolError(type);
        onFetch?.(maxBytes);
        const records = onFetch === undefined ? batchOf(["a"]) : new Uint8Array(0);
        return { responses: [{ partitions: [{ records, abortedTransactions: [] }] }] };
      },
      listOffsets: async () => ({ responses: [{ topic: TOPIC, partitions: [{ offset: String(ids.length) }] }] }),
      metadata: async () => {
        const topicId = nextOf(ids);
        if (topicId === "none") throw protocolError("UNKNOWN_TOPIC_OR_PARTITION");
        return { topicMetadata: [{ topicId, partitionMetadata: [{}] }] };
      },
    };
    const cluster = {
      isConnected: () => true,
      addTargetTopic: async () => {},
      refreshMetadata: async () => {},
      disconnect: async () => {},
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
      findBroker: async () => leader as unknown as Broker,
      findControllerBroker: async () => leader as unknown as Broker,
    };
    const client = testClient({ brokers: ["made-up:9092"] });
    client.beginWork();
    Object.assign(client.surroundings, { now });
    return new KafkaPartitionReader(new KafkaConnection(client, cluster as unknown as Cluster), TOPIC, 0, "ours");
  }

  test.each(["UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID"])("%s passes while the name has our id", async (type) => {
    const reader = readerOf({ fetchErrors: [type, type, type], ids: ["ours"] });
    expect((await reader.read(0, READ_BYTES)).nextOffset).toBe(1);
  });

  test("a wait that is given up fetches no more", async () => {
    const stop = new AbortController();
    let fetches = 0;
    const onFetch = () => {
      fetches++;
      if (fetches === 3) stop.abort();
      if (fetches > 10) throw new Error("the wait goes on");
    };
    await readerOf({ ids: ["ours"], onFetch }).poll(0, stop.signal);
    expect(fetches).toBe(3);
  });

  test("a broker that lags behind, with an older topic of the name, is waited for", async () => {
    const reader = readerOf({ fetchErrors: ["UNKNOWN_TOPIC_ID"], ids: ["older", "ours"] });
    expect((await reader.read(0, READ_BYTES)).nextOffset).toBe(1);
    // What it says of the older topic is none of ours: it is asked again. The offset is the number of ids left.
    expect(await readerOf({ ids: ["older", "ours"] }).highWatermark()).toBe(1);
  });

  test("one that does not answer in time is asked for less, and then for more again", async () => {
    const asked: number[] = [];
    const onFetch = (maxBytes: number) => {
      asked.push(maxBytes);
      if (maxBytes > 100_000) throw Object.assign(new Error("timed out"), { name: "KafkaJSRequestTimeoutError" });
    };
    const reader = readerOf({ ids: ["ours"], onFetch });
    for (let reads = 0; reads < 3; reads++) await reader.read(0, 300_000);
    expect(asked).toEqual([300_000, 150_000, 75_000, 140_536, 70_268, 135_804, 67_902]);
  });

  test("another id for good is refused", async () => {
    const fetching = readerOf({ fetchErrors: ["INCONSISTENT_TOPIC_ID"], ids: ["another"] });
    const refused = await failureOf(() => fetching.read(0, READ_BYTES));
    expect(refused).toBeInstanceOf(RemadeTopic);
    expect(refused.message).toStartWith(REMADE);
    expect(await failureOf(() => readerOf({ ids: ["another"] }).bounds())).toBeInstanceOf(RemadeTopic);
  });

  test("no topic of the name is gone, after a while", async () => {
    let nowMs = 0;
    const now = () => {
      nowMs += 5_000;
      return nowMs;
    };
    const fetchErrors = Array.from({ length: 9 }, () => "UNKNOWN_TOPIC_ID");
    const refused = await failureOf(() => readerOf({ fetchErrors, ids: ["none"] }, now).read(0, READ_BYTES));
    expect(refused).toMatchObject({ exitCode: 4, message: `the topic ${TOPIC} is gone from made-up:9092` });
  });

  test("a broker that knows no ids is asked by name", async () => {
    expect(await readerOf({ ids: [undefined] }).highWatermark()).toBe(1);
  });
});
