/**
 * What may happen to a shard's transactional id on a real broker, and what its outputs make of it: forgotten, a
 * transaction that took too long, and another process that took the id, by right or not.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Epoch, EpochIdentity } from "../../../src/epoch.ts";
import { stateError } from "../../../src/errors.ts";
import { KafkaTopicAdmin } from "../../../src/topic/kafka/admin.ts";
import { KafkaOutputs } from "../../../src/topic/kafka/outputs.ts";
import { KafkaTopicReader } from "../../../src/topic/kafka/reader.ts";
import { failureOf } from "../../failure.ts";
import { KafkaBroker } from "../../services/kafka.ts";
import { KafkaCutProxy, type Request } from "../../services/kafka-cut-proxy.ts";
import { epochOf, identity, readAll } from "../fixture.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
/** By default ids are forgotten after a week, and looked at every hour, transactions every 10 s. */
const HASTY = `transactional.id.expiration.ms=5000
transaction.remove.expired.transaction.cleanup.interval.ms=200
transaction.abort.timed.out.transaction.cleanup.interval.ms=100`;
const TRANSACTION_MS = 500;
/** Longer than any test. */
const LONG_MS = 10 * 60_000;
const LOOK_AGAIN_MS = 20;

let broker: KafkaBroker;
let proxy: KafkaCutProxy;
beforeAll(async () => {
  broker = await KafkaBroker.startOwn({ more: HASTY });
  proxy = await KafkaCutProxy.start(broker.brokers);
  proxy.transactionMs = TRANSACTION_MS;
}, START_MS_MAX);
afterAll(async () => {
  proxy?.shut();
  await broker?.remove();
});

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
function outputsOf(source = SOURCE, brokers = broker.brokers, checkHeld = async () => {}): KafkaOutputs {
  const client = testClient({ brokers: [brokers] }, undefined, logged);
  const places = { source, partitions: 1, anomalyTopic: "anomalies", rejectedTopic: "rejected" };
  const outputs = new KafkaOutputs(client, { ...places, checkHeld });
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

async function expectPutOut(outputs: KafkaOutputs, last: EpochIdentity, ...epochs: number[]): Promise<void> {
  // What was committed is sure to be found behind a fence only.
  await outputs.fence();
  expect((await outputs.standings()).get(0)).toEqual(last);
  expect([await epochsOn("anomalies"), await epochsOn("rejected")]).toEqual([epochs, epochs]);
}

describe("beside another group on the same topics, a table", () => {
  let outputs: KafkaOutputs;
  let other: KafkaOutputs;
  beforeEach(async () => {
    proxy.transactionMs = LONG_MS;
    outputs = outputsOf(SOURCE, proxy.brokers);
    other = outputsOf({ group: "other", topic: "b-c" });
    for (const each of [outputs, other]) await each.fence();
  });
  afterEach(() => {
    proxy.transactionMs = TRANSACTION_MS;
  });

  /** Readers of committed records see none behind a transaction that is open. */
  async function expectOthersSeen(): Promise<void> {
    while ((await epochsOn("anomalies")).length === 0) expect(logged).toEqual([]);
    expect(await epochsOn("anomalies")).toEqual([7]);
  }

  test("that is slow holds up nobody else's readers for long, and the epoch is put out once it is there", async () => {
    const { promise: inTable, resolve } = Promise.withResolvers<void>();
    const held = proxy.holdAt("TxnOffsetCommit", () => other.apply([epochOf(7, 1, 1)]));
    const applied = outputs.apply([epochOf(1, 1, 1)], inTable);
    await held;
    await expectOthersSeen();
    resolve();
    await applied;
    // This one's table is waited for first.
    await outputs.apply([epochOf(2, 1, 1)], Promise.resolve());
    await expectPutOut(outputs, identity(2), 7, 1, 2);
    expect(logged).toEqual([]);
  });

  test("that refuses an epoch leaves no transaction open, which would hold up everybody's readers", async () => {
    const { promise: inTable, reject } = Promise.withResolvers<void>();
    inTable.catch(() => {}); // Whoever writes the table has it, too.
    let closed = Promise.resolve();
    const held = proxy.holdAt("TxnOffsetCommit", async () => {
      reject(stateError("taken by another process", ""));
      closed = outputs.close();
    });
    const refused = failureOf(() => outputs.apply([epochOf(1, 1, 1)], inTable));
    await held;
    expect(await refused).toMatchObject({ exitCode: 4, message: "taken by another process" });
    await closed;
    await other.apply([epochOf(7, 1, 1)]);
    await expectOthersSeen();
  });
});

test("an id that brokers forgot, as it was quiet for long, is regained, and nothing is lost or doubled", async () => {
  const outputs = outputsOf();
  await outputs.fence();
  await outputs.apply([epochOf(1, 1, 1)]);
  const list = ["--bootstrap-server", broker.brokers, "list"];
  const known = () => broker.tool("org.apache.kafka.tools.TransactionsCommand", list);
  while ((await known()).includes("tidemark/")) expect(logged).toEqual([]);

  await outputs.apply([epochOf(2, 1, 1), epochOf(3, 1, 1)]);
  await outputs.apply([epochOf(4, 1, 1)]);
  expect(logged).toEqual([expect.stringContaining("which is not currently assigned to its transactional id")]);
  await expectPutOut(outputs, identity(4), 1, 2, 3, 4);
});

describe("a transaction that took too long, and was aborted by the broker,", () => {
  const ABORTED = /Completed rollback of ongoing transaction for transactionalId tidemark/g;
  const aborts = () => broker.log.match(ABORTED)?.length ?? 0;

  /** Applies an epoch, held back at a request until the broker has aborted it and `meanwhile` is done. */
  async function applyLate(
    outputs: KafkaOutputs,
    epoch: Epoch,
    request: Request,
    meanwhile = async () => {},
  ): Promise<void> {
    const before = aborts();
    const late = proxy.holdAt(request, async () => {
      while (aborts() === before) await sleep(LOOK_AGAIN_MS);
      await meanwhile();
    });
    const applied = outputs.apply([epoch]);
    applied.catch(() => {}); // Met below.
    await late;
    await applied;
  }

  for (const request of ["Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"] as const) {
    test(`before ${request}, is done again while the claim is ours`, async () => {
      const outputs = outputsOf(SOURCE, proxy.brokers);
      await outputs.fence();
      await outputs.apply([epochOf(1, 1, 1)]);
      await applyLate(outputs, epochOf(2, 1, 1), request);
      await outputs.apply([epochOf(3, 1, 1)]);
      await expectPutOut(outputs, identity(3), 1, 2, 3);
    });
  }

  test("is given up where another process has claimed the shards: nothing is written, nobody fenced", async () => {
    let successor: KafkaOutputs | undefined;
    const outputs = outputsOf(SOURCE, proxy.brokers, async () => {
      if (successor !== undefined) throw stateError("taken by another process", "");
    });
    await outputs.fence();
    await outputs.apply([epochOf(1, 1, 1)]);
    const late = applyLate(outputs, epochOf(2, 1, 1), "EndTxn", async () => {
      successor = outputsOf();
      await successor.fence();
    });
    expect(await failureOf(() => late)).toMatchObject({ exitCode: 4, message: "taken by another process" });
    logged.length = 0;
    await successor?.apply([epochOf(2, 1, 1)]);
    expect(logged).toEqual([]);
    await expectPutOut(successor as KafkaOutputs, identity(2), 1, 2);
  });
});

describe("another process with tables of its own, and so with a claim of its own,", () => {
  const OTHER = "run-2";
  const ofOther = (number: number) => ({ identity: identity(number, OTHER), previous: identity(number - 1, OTHER) });
  /** A start of the other, whose checkpoint was made anew when the outputs stood at `replaced`. */
  async function startOther(replaced: EpochIdentity): Promise<KafkaOutputs> {
    const other = outputsOf();
    await other.fence();
    const log = {
      partition: 0,
      confirmed: identity(0, OTHER),
      epochs: [],
      ends: { anomalies: 0, rejected: 0 },
      replaced,
    };
    await other.missing([log]);
    return other;
  }

  test("ends the first once it has committed: exit 4, and nothing more is written", async () => {
    const first = outputsOf();
    await first.fence();
    await first.apply([epochOf(1, 1, 1)]);
    const other = await startOther(identity(1));
    await other.apply([{ ...epochOf(2, 1, 1), ...ofOther(1) }]);
    const error = await failureOf(() => first.apply([epochOf(2, 1, 1)]));
    expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining(`stands at epoch 1 of run ${OTHER}`) });
    await expectPutOut(other, identity(1, OTHER), 1, 1);
  });

  test("ends where the first was faster: exit 4, and its own first epoch is not written", async () => {
    const first = outputsOf();
    await first.fence();
    await first.apply([epochOf(1, 1, 1)]);
    const other = await startOther(identity(1));
    await first.apply([epochOf(2, 1, 1)]);
    const error = await failureOf(() => other.apply([{ ...epochOf(2, 1, 1), ...ofOther(1) }]));
    expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining("stands at epoch 2 of run run-1") });
    await first.apply([epochOf(3, 1, 1)]);
    await expectPutOut(first, identity(3), 1, 2, 3);
  });
});
