/**
 * `produce --compression` through the executable: the broker gets batches of each codec, of which Kafka's console
 * consumer reads every line, `process` makes what the oracle does, and `--resume` finds its place.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { KafkaConnection } from "../../src/topic/kafka/connection.ts";
import { batchBytesAt, readBatchHeader } from "../../src/topic/record-batch.ts";
import { JavaClient } from "../services/java-client.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import { sharedBroker } from "../services/shared.ts";
import { testClient } from "../topic/kafka-fixture.ts";
import { flagsOf, type Job, totalsOf } from "./expectation.ts";
import { KafkaNames } from "./kafka-names.ts";
import { sentLines } from "./sent-lines.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const TEST_MS = 60_000;
const CODECS = ["gzip", "snappy", "lz4", "zstd", "none"] as const;
/** By the number in a batch's attributes (Kafka protocol guide). */
const NUMBERS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
/** Two batches a file. */
const LINES_A_FILE = 6_000;
const USER = "user".repeat(50);
const JOB: Job = { mode: "A", days: 3, minCount: 2, minMean: 3 };
const TITLES = Array.from({ length: 50 }, (_, movie) => `${movie + 1},2000,Movie ${movie + 1}\n`).join("");

let broker: KafkaBroker;
let java: JavaClient;
const work = new Workplace();
beforeAll(async () => {
  broker = await sharedBroker();
  java = new JavaClient(broker.brokers);
}, START_MS_MAX);
afterAll(async () => {
  work.remove();
  await java?.close();
  await broker?.remove();
});

/** The codec of every batch on the topic, as the broker sends them. */
async function codecsOn(topic: string): Promise<number[]> {
  const connection: KafkaConnection = testClient({ brokers: [broker.brokers] }).connection();
  const codecs: number[] = [];
  try {
    for (let offset = 0; ; ) {
      const partitions = [{ partition: 0, fetchOffset: offset, maxBytes: 10_000_000 }];
      const request = { replicaId: -1, isolationLevel: 0, maxWaitTime: 0, minBytes: 0, maxBytes: 10_000_000 } as const;
      const { responses } = await connection.withLeader(topic, 0, (leader) =>
        leader.fetch({ ...request, topics: [{ topic, partitions }] }),
      );
      const { records } = responses[0].partitions[0];
      if (records.length === 0) return codecs;
      for (let at = 0; at + (batchBytesAt(records, at) ?? Number.POSITIVE_INFINITY) <= records.length; ) {
        const header = readBatchHeader(records, at);
        codecs.push(header.compression);
        offset = header.lastOffset + 1;
        at += header.bytes;
      }
    }
  } finally {
    await connection.close();
  }
}

test(
  "batches of every codec are read by Java's console consumer and by process",
  async () => {
    const names = new KafkaNames("compression");
    work.env = names.environment(broker.brokers);
    work.write("data/movie_titles.csv", TITLES);
    work.succeed("setup");
    for (const [file, codec] of CODECS.entries()) {
      const lines = Array.from({ length: LINES_A_FILE }, (_, line) => {
        const day = String(1 + ((line * 7) % 28)).padStart(2, "0");
        return line % 1000 === 999
          ? `no rating ${line}`
          : `2002-0${file + 1}-${day},${1 + (line % 50)},${USER}${line},4`;
      });
      work.write(`data/ratings/${file}.csv`, `date,film_id,user_id,rate\n${lines.join("\n")}\n`);
      work.succeed(`produce --resume --compression ${codec}`);
    }
    const { stderr } = work.succeed("produce --resume", [], { KAFKA_COMPRESSION: "zstd" });
    expect(stderr).toContain("resuming: going on behind 4.csv");

    expect(await codecsOn(names.ratings)).toEqual(CODECS.flatMap((codec) => [NUMBERS[codec], NUMBERS[codec]]));
    const lines = sentLines(work.path("data/ratings"));
    const consumed = await broker.consoleConsume(names.ratings);
    expect(consumed.length).toBe(lines.length);
    expect(consumed.every(({ value }, index) => value === lines[index])).toBe(true);

    const processed = work.succeed(`process --drain ${flagsOf(JOB)}`);
    const expected = await names.expectLeft(work, java, { job: JOB, titles: TITLES });
    for (const line of totalsOf(expected)) expect(processed.stderr).toContain(`info  ${line}\n`);
    work.succeed("cleanup --yes");
  },
  TEST_MS,
);

test("embedded topics are not compressed: exit 2, and nothing is made", () => {
  const home = "elsewhere";
  const refused = work.run(`produce --compression lz4 --home ${home}`, [], { KAFKA_BOOTSTRAP_SERVERS: "" });
  expect([refused.code, refused.stdout]).toEqual([2, ""]);
  expect(refused.stderr).toContain("--compression is lz4, but embedded topics are not compressed");
  const variable = work.run(`produce --home ${home}`, [], { KAFKA_BOOTSTRAP_SERVERS: "", KAFKA_COMPRESSION: "gzip" });
  expect([variable.code, variable.stderr]).toEqual([2, expect.stringContaining("KAFKA_COMPRESSION is gzip, but")]);
  expect(work.contents(home)).toEqual({});
});
