/**
 * What earlier runs wrote to the output topics: a rebuild reads the ratings again and must not write again what is
 * there. Two anomalies are the same when window and movie are, whatever the title and figures; two rejected lines when
 * partition, offset and bytes are. Only reads, up to ends noted when the rebuild began.
 */
import { formatDayTime, MS_PER_DAY, parseEventTime } from "../calendar.ts";
import type { RatingsSource } from "../epoch.ts";
import type { AlreadyOut } from "../shard/epoch-outputs.ts";
import { batchesUpTo } from "../topic/batches-up-to.ts";
import type { OutputEnds, TopicReader } from "../topic/contract.ts";
import { crc32c } from "../topic/crc32c.ts";
import { recordsOf, type TopicRecord } from "../topic/record-cursor.ts";

const DAMAGE_HINT = "put the topic back from a copy: without it, a rebuild could put out anomalies twice";
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

/**
 * Reads both topics up to `ends`, and adds what came from `source`'s ratings topic to `earlier`. Waits for what another
 * producer's open transaction hides, and says so to `onWait`.
 */
export async function readEarlierOutputs(
  anomalies: TopicReader,
  rejected: TopicReader,
  ends: OutputEnds,
  source: RatingsSource,
  earlier: EarlierOutputs,
  onWait: (text: string) => void,
): Promise<void> {
  const isOurs = (record: TopicRecord) =>
    header(record, "group") === source.group && header(record, "topic") === source.topic;
  const recordsUpTo = async function* (reader: TopicReader, end: number): AsyncGenerator<TopicRecord> {
    const { start } = await reader.bounds(0);
    for await (const { bytes, batch } of batchesUpTo(reader, start, end, DAMAGE_HINT, onWait)) {
      for (const record of recordsOf(bytes, batch)) if (record.offset < end && isOurs(record)) yield record;
    }
  };
  for await (const record of recordsUpTo(anomalies, ends.anomalies)) earlier.addAnomaly(record);
  for await (const record of recordsUpTo(rejected, ends.rejected)) earlier.addRejected(record);
}

function header(record: TopicRecord, name: string): string {
  return new TextDecoder().decode(record.headers.get(name) ?? undefined);
}

function rejectedKey(partition: number, offset: number, line: Uint8Array | null): string {
  const place = `${partition} ${offset}`;
  return line === null ? place : `${place} ${line.length} ${crc32c(line, 0, line.length)}`;
}
