/**
 * What earlier runs wrote to the output topics: a rebuild reads the ratings again and must not write again what is
 * there. Two anomalies are the same when window and movie are, whatever the title and figures; two rejected lines when
 * partition, offset and bytes are. Only reads, up to ends noted when the rebuild began.
 */
import { formatDayTime, MS_PER_DAY, parseEventTime } from "./calendar.ts";
import type { AlreadyOut } from "./epoch-outputs.ts";
import { stateError } from "./errors.ts";
import type { TableOwner } from "./table/contract.ts";
import type { OutputEnds, TopicReader } from "./topic/contract.ts";
import { crc32c } from "./topic/crc32c.ts";
import { batchFault, readBatchHeader, recordsOf, type TopicRecord } from "./topic/record-batch.ts";

const READ_BYTES = 1024 * 1024;
/** `2002-09-20 00:00:00,2002-09-21 00:00:00,…`: the window in an anomaly line. */
const WINDOW = /^([^,]*),([^,]*),/;

/** What is on the output topics from one ratings topic. */
export class EarlierOutputs {
  /** The newest window end among the anomalies; -Infinity for none. */
  endDayMax = Number.NEGATIVE_INFINITY;
  readonly #anomalies = new Set<string>();
  readonly #rejected = new Set<string>();
  readonly #offsetMax = new Map<number, number>();

  /** The highest offset among the rejected lines of a partition; -Infinity for none. */
  offsetMax(partition: number): number {
    return this.#offsetMax.get(partition) ?? Number.NEGATIVE_INFINITY;
  }

  /** As the shard of a partition asks: for an anomaly any partition counts, as the movie may have lived in another. */
  of(partition: number): AlreadyOut {
    return {
      // Both ends count: a rebuild may have another D.
      hasAnomaly: (startDay, endDay, movieId) =>
        this.#anomalies.has(`${formatDayTime(startDay)} ${formatDayTime(endDay)} ${movieId}`),
      hasRejected: (offset, line) => this.#rejected.has(rejectedKey(partition, offset, line)),
    };
  }

  addAnomaly(record: TopicRecord): void {
    const text = new TextDecoder().decode(record.value ?? undefined);
    const [, start, end] = WINDOW.exec(text) ?? [];
    if (start === undefined || end === undefined || record.key === null) return;
    this.#anomalies.add(`${start} ${end} ${new TextDecoder().decode(record.key)}`);
    // A window at the calendar's edge may end in a year that no rating can have.
    const endTimeMs = parseEventTime(end) ?? Number.POSITIVE_INFINITY;
    this.endDayMax = Math.max(this.endDayMax, endTimeMs / MS_PER_DAY);
  }

  addRejected(record: TopicRecord): void {
    const partition = Number(header(record, "partition"));
    const offset = Number(header(record, "offset"));
    this.#rejected.add(rejectedKey(partition, offset, record.value));
    this.#offsetMax.set(partition, Math.max(this.offsetMax(partition), offset));
  }
}

/** Reads both topics up to `ends`, and adds what came from `owner`'s ratings topic to `earlier`. */
export async function readEarlierOutputs(
  anomalies: TopicReader,
  rejected: TopicReader,
  ends: OutputEnds,
  owner: TableOwner,
  earlier: EarlierOutputs,
): Promise<void> {
  const isOurs = (record: TopicRecord) =>
    header(record, "group") === owner.group && header(record, "topic") === owner.topic;
  for await (const record of recordsUpTo(anomalies, ends.anomalies)) if (isOurs(record)) earlier.addAnomaly(record);
  for await (const record of recordsUpTo(rejected, ends.rejected)) if (isOurs(record)) earlier.addRejected(record);
}

async function* recordsUpTo(reader: TopicReader, end: number): AsyncGenerator<TopicRecord> {
  for (let offset = (await reader.bounds(0)).start; offset < end; ) {
    const slice = await reader.read(0, offset, READ_BYTES);
    for (let at = 0; at < slice.bytes.length; ) {
      const batch = readBatchHeader(slice.bytes, at);
      const fault = batchFault(slice.bytes, batch);
      if (fault !== undefined) {
        throw stateError(
          `the topic ${reader.topic} is damaged at offset ${batch.baseOffset}: ${fault}`,
          "put the topic back from a copy: without it, a rebuild could put out anomalies twice",
        );
      }
      for (const record of recordsOf(slice.bytes, batch)) if (record.offset < end) yield record;
      at += batch.bytes;
    }
    if (slice.nextOffset === offset) return;
    offset = slice.nextOffset;
  }
}

function header(record: TopicRecord, name: string): string {
  return new TextDecoder().decode(record.headers.get(name) ?? undefined);
}

function rejectedKey(partition: number, offset: number, line: Uint8Array | null): string {
  const place = `${partition} ${offset}`;
  return line === null ? place : `${place} ${line.length} ${crc32c(line, 0, line.length)}`;
}
