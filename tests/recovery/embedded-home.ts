/**
 * A home with embedded topics and table, and a `process` on it in the test's own process, put together by hand from the
 * parts of `src`: real files, real locks, real SQLite. Each slice is one record batch and each slice ends an epoch, so
 * that few ratings make many. What is right or wrong is the tests' to say.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { CheckpointSettings } from "../../src/checkpoint/contract.ts";
import { openCheckpointFiles } from "../../src/checkpoint/files.ts";
import { Engine, EPOCH_INTERVAL_MS, type Goal } from "../../src/process/engine.ts";
import { Garbage } from "../../src/process/garbage.ts";
import { type ShardAtWork, startShards } from "../../src/process/start.ts";
import type { ShardRules } from "../../src/shard/shard-rules.ts";
import type { ResultTable } from "../../src/table/contract.ts";
import { openSqliteTable } from "../../src/table/sqlite.ts";
import { openSqliteAdmin } from "../../src/table/sqlite-admin.ts";
import type { Log } from "../../src/terminal/log.ts";
import type { OutputTopics, TopicReader } from "../../src/topic/contract.ts";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalOutputs } from "../../src/topic/local/outputs.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import type { Random } from "../generate/random.ts";
import type { OracleRecord } from "../oracle.ts";
import { recordBatch } from "../shard/ratings-log.ts";
import { ANOMALIES_TOPIC, RATINGS_TOPIC, REJECTED_TOPIC, type Rules } from "./results.ts";

const SOURCE = { group: "netflix-ratings-group", topic: RATINGS_TOPIC };
const HOLDER = "a test";
const SILENT: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

export interface ProcessOptions {
  readonly rules: Rules;
  readonly titles: ReadonlyMap<number, string>;
  readonly goal?: Goal;
  readonly rebuild?: boolean;
  /** Puts something around the table. */
  readonly around?: ((table: ResultTable) => ResultTable) | undefined;
  /** Puts something around the reader of the ratings. */
  readonly aroundRatings?: ((ratings: TopicReader) => TopicReader) | undefined;
  /** Puts something around the output topics. */
  readonly aroundOutputs?: ((outputs: OutputTopics) => OutputTopics) | undefined;
}

/** Topics and table in a folder that is there. */
export async function setUp(home: string, partitions: number): Promise<void> {
  const topics = new LocalTopicAdmin(home, HOLDER);
  await topics.create(RATINGS_TOPIC, partitions);
  await topics.create(ANOMALIES_TOPIC, 1);
  await topics.create(REJECTED_TOPIC, 1);
  await openSqliteAdmin(join(home, "tidemark.db"), SOURCE, HOLDER).setup();
}

/** Sends records in batches of random size up to `batchRecordsMax`. */
export async function send(
  home: string,
  random: Random,
  partitions: readonly (readonly OracleRecord[])[],
  batchRecordsMax: number,
): Promise<void> {
  const writer = await LocalTopicWriter.open(home, RATINGS_TOPIC, HOLDER);
  for (const [partition, records] of partitions.entries()) {
    for (let from = 0; from < records.length; ) {
      const batch = records.slice(from, from + random.whole(1, batchRecordsMax));
      const lines = batch.map(({ line }) => line);
      // A batch has one timestamp for all its records: that of one of them.
      await writer.append(partition, recordBatch(lines, 0, random.pick(batch).timestampMs ?? -1), batch.length);
      from += batch.length;
    }
  }
  await writer.close();
}

/** Runs to the goal; the shards as they then stand. */
export async function runProcess(home: string, options: ProcessOptions): Promise<readonly ShardAtWork[]> {
  const { rules, titles, goal = "once", rebuild = false, around = (table) => table } = options;
  const { aroundRatings = (ratings) => ratings, aroundOutputs = (outputs) => outputs } = options;
  const open: { close(): Promise<void> }[] = [];
  const opened = <T extends { close(): Promise<void> }>(side: T): T => {
    open.push(side);
    return side;
  };
  let clockMs = 0;
  const now = () => {
    clockMs += EPOCH_INTERVAL_MS;
    return clockMs;
  };
  try {
    const ratings = aroundRatings(oneBatchAtATime(opened(await LocalTopicReader.open(home, RATINGS_TOPIC))));
    const sides = {
      ratings,
      anomalies: opened(await LocalTopicReader.open(home, ANOMALIES_TOPIC)),
      rejected: opened(await LocalTopicReader.open(home, REJECTED_TOPIC)),
      outputs: aroundOutputs(opened(new LocalOutputs(home, ANOMALIES_TOPIC, REJECTED_TOPIC, SOURCE, HOLDER, now))),
      table: around(opened(openSqliteTable(join(home, "tidemark.db"), SOURCE, HOLDER))),
      checkpoint: opened(openCheckpointFiles(join(home, "checkpoints"), HOLDER, () => {})),
    };
    const { shards, pipeline } = await startShards(sides, {
      settings: checkpointSettings(rules, ratings.partitions),
      rules: shardRules(rules),
      rebuild,
      skipCorrupt: false,
      owner: randomUUID(),
      newRun: randomUUID(),
      titleOf: (movieId) => titles.get(movieId)?.replaceAll("\0", ""),
      log: SILENT,
      now,
    });
    const { signal } = new AbortController();
    const engine = new Engine(shards, ratings, pipeline, {
      goal,
      idleTimeoutMs: undefined,
      now,
      signal,
      garbage: new Garbage(undefined),
      onProgress: () => {},
    });
    await engine.run();
    return shards;
  } finally {
    for (const side of open.reverse()) await side.close();
  }
}

function checkpointSettings({ mode, anomalyDays }: Rules, partitions: number): CheckpointSettings {
  const topics = { anomalyTopic: ANOMALIES_TOPIC, rejectedTopic: REJECTED_TOPIC };
  return { mode, anomalyDays, ...SOURCE, ...topics, partitions };
}

function shardRules(rules: Rules): ShardRules {
  const { mode, anomalyDays, anomalyMinCount, anomalyMinMean } = rules;
  const none = Number.POSITIVE_INFINITY;
  const { maxFutureMs = none, retainDays = none, maxMovies = none, maxWindows = none } = rules;
  return { mode, anomalyDays, anomalyMinCount, anomalyMinMean, maxFutureMs, retainDays, maxMovies, maxWindows };
}

function oneBatchAtATime(reader: TopicReader): TopicReader {
  return {
    topic: reader.topic,
    partitions: reader.partitions,
    bounds: (partition) => reader.bounds(partition),
    read: (partition, offset) => reader.read(partition, offset, 1),
    partitionsNow: (signal) => reader.partitionsNow(signal),
    waitForMore: (partition, offset, signal) => reader.waitForMore(partition, offset, signal),
    sync: () => reader.sync(),
    close: () => reader.close(),
  };
}
