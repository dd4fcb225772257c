/**
 * What earlier runs put on the output topics: a rebuild reads the ratings again and must not put out again what stands
 * there. An anomaly is the same when its window and movie are, whatever its title and figures; a rejected line when its
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
/** `2002-09-20 00:00:00,2002-09-21 00:00:00,…`: where the window's end stands in an anomaly line. */
const END_TIME = /^[^,]*,([^,]*),/;

/** What stands on the output topics from one partition of the ratings topic. */
export class EarlierOutputs implements AlreadyOut {
  /** The newest window end among the anomalies; -Infinity for none. */
  endDayMax = Number.NEGATIVE_INFINITY;
  /** The highest offset among the rejected lines; -Infinity for none. */
  offsetMax = Number.NEGATIVE_INFINITY;
  readonly #anomalies = new Set<string>();
  readonly #rejected = new Set<string>();

  hasAnomaly(endDay: number, movieId: number): boolean {
    return this.#anomalies.has(`${formatDayTime(endDay)} ${movieId}`);
  }

  hasRejected(offset: number, line: Uint8Array | null): boolean {
    return this.#rejected.has(rejectedKey(offset, line));
  }

  addAnomaly(record: TopicRecord): void {
    const text = new TextDecoder().decode(record.value ?? undefined);
    const end = END_TIME.exec(text)?.[1];
    if (end === undefined || record.key === null) return;
    this.#anomalies.add(`${end} ${new TextDecoder().decode(record.key)}`);
    // A window at the calendar's edge may end in a year that no rating can have.
    const endTimeMs = parseEventTime(end) ?? Number.POSITIVE_INFINITY;
    this.endDayMax = Math.max(this.endDayMax, endTimeMs / MS_PER_DAY);
  }

  addRejected(record: TopicRecord): void {
    const offset = Number(header(record, "offset"));
    this.#rejected.add(rejectedKey(offset, record.value));
    this.offsetMax = Math.max(this.offsetMax, offset);
  }
}

/** Reads both topics up to `ends`, and adds what came from `owner`'s ratings topic to `earlier`, by its partition. */
export async function readEarlierOutputs(
  anomalies: TopicReader,
  rejected: TopicReader,
  ends: OutputEnds,
  owner: TableOwner,
  earlier: readonly EarlierOutputs[],
): Promise<void> {
  const ofPartition = (record: TopicRecord) =>
    header(record, "group") === owner.group && header(record, "topic") === owner.topic
      ? earlier[Number(header(record, "partition"))]
      : undefined;
  for await (const record of recordsUpTo(anomalies, ends.anomalies)) ofPartition(record)?.addAnomaly(record);
  for await (const record of recordsUpTo(rejected, ends.rejected)) ofPartition(record)?.addRejected(record);
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

function rejectedKey(offset: number, line: Uint8Array | null): string {
  return line === null ? `${offset} null` : `${offset} ${line.length} ${crc32c(line, 0, line.length)}`;
}
