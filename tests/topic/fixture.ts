/**
 * What the suites of topics share: topics to work on, batches to put there and records to get back. Batches are made
 * and taken apart by `BatchBuilder` and `recordsOf`, which have tests of their own.
 */
import type { Anomaly, Epoch, EpochIdentity, RejectedLine } from "../../src/epoch.ts";
import { RowColumns } from "../../src/row-columns.ts";
import { BatchBuilder } from "../../src/topic/batch-builder.ts";
import type { GroupOffsets, OutputTopics, TopicAdmin, TopicReader, TopicWriter } from "../../src/topic/contract.ts";
import { batchFault, readBatchHeader } from "../../src/topic/record-batch.ts";
import { recordsOf } from "../../src/topic/record-cursor.ts";

/** Topics of some kind, none at first. */
export interface TopicFixture {
  /** Whether the outputs note every epoch, also one without records, as it brings an offset. */
  readonly commitsOffsets: boolean;
  /** Whether readers tell that nothing follows on a slice. */
  readonly saysLast: boolean;
  readonly admin: TopicAdmin;
  readonly offsets: GroupOffsets;
  reader(topic: string): Promise<TopicReader>;
  writer(topic: string): Promise<TopicWriter>;
  /** On the topics `anomalies` and `rejected`. */
  outputs(source: { group: string; topic: string }): OutputTopics | Promise<OutputTopics>;
  remove(): Promise<void>;
}

/** Large enough for the batches of most tests. */
export const READ_BYTES = 1024 * 1024;

/** One batch of these values, without keys. */
export function batchOf(values: readonly string[], timestampMs = 1_000): Uint8Array {
  const builder = new BatchBuilder(READ_BYTES);
  for (const value of values) {
    const bytes = new TextEncoder().encode(value);
    builder.add(bytes, -1, -1, bytes, 0, bytes.length);
  }
  return builder.finish(timestampMs).slice();
}

/** Writes one batch of these values. */
export async function append(writer: TopicWriter, values: readonly string[], partition = 0): Promise<void> {
  await writer.append(partition, batchOf(values), values.length);
}

export interface ReadRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The records of whole batches. A batch with a fault fails the test. */
export function recordsIn(bytes: Uint8Array): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const batch = readBatchHeader(bytes, at);
    const fault = batchFault(bytes, batch);
    if (fault !== undefined) throw new Error(`the batch at offset ${batch.baseOffset} has ${fault}`);
    for (const { offset, key, value, headers } of recordsOf(bytes, batch)) {
      const texts = [...headers].map(([name, content]) => [name, text(content)]);
      records.push({ offset, key: text(key), value: text(value), headers: Object.fromEntries(texts) });
    }
    at += batch.bytes;
  }
  return records;
}

/** All records from `offset` to the partition's end. */
export async function readAll(
  reader: TopicReader,
  partition = 0,
  offset = 0,
  maxBytes = READ_BYTES,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for (let next = offset; ; ) {
    const slice = await reader.read(partition, next, maxBytes);
    records.push(...recordsIn(slice.bytes));
    if (slice.nextOffset === next) return records;
    next = slice.nextOffset;
  }
}

export async function readValues(reader: TopicReader, partition = 0, offset = 0): Promise<(string | null)[]> {
  return (await readAll(reader, partition, offset)).map(({ value }) => value);
}

/** Everything that was opened in a test, and the topics, gone after `end`. */
export class TestTopics {
  readonly fixture: TopicFixture;
  readonly #opened: { close(): Promise<void> }[] = [];

  constructor(fixture: TopicFixture) {
    this.fixture = fixture;
  }

  async reader(topic: string): Promise<TopicReader> {
    return this.#closeAtEnd(await this.fixture.reader(topic));
  }

  async writer(topic: string): Promise<TopicWriter> {
    return this.#closeAtEnd(await this.fixture.writer(topic));
  }

  async outputs(source = SOURCE): Promise<OutputTopics> {
    return this.#closeAtEnd(await this.fixture.outputs(source));
  }

  async create(topic: string, partitions = 1): Promise<void> {
    await this.fixture.admin.create(topic, partitions);
  }

  async end(): Promise<void> {
    for (const opened of this.#opened.reverse()) await opened.close();
    await this.fixture.remove();
  }

  #closeAtEnd<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.push(opened);
    return opened;
  }
}

export const SOURCE = { group: "ratings-group", topic: "ratings" };

export function identity(number: number, run = "run-1", owner = "owner-1"): EpochIdentity {
  return { run, owner, number };
}

/** An epoch with this many anomalies and rejected lines. */
export function epochOf(number: number, anomalies: number, rejected: number, partition = 0): Epoch {
  return {
    partition,
    identity: identity(number),
    previous: identity(number - 1),
    offset: number * 100,
    rows: new RowColumns(),
    anomalies: Array.from({ length: anomalies }, (_, index) => anomalyOf(number * 100 + index)),
    rejected: Array.from({ length: rejected }, (_, index) => rejectedOf(number * 100 + index)),
  };
}

function anomalyOf(movieId: number): Anomaly {
  return { startDay: 11_950, endDay: 11_951, movieId, title: `Movie ${movieId}`, count: 36, sum: 144 };
}

function rejectedOf(offset: number): RejectedLine {
  const line = new TextEncoder().encode(`bad line ${offset}`);
  return { offset, reason: "malformed", line, fullBytes: line.length };
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
