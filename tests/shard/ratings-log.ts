/**
 * One partition of a ratings topic in memory, for tests of the shard: records in batches of our producer's or of
 * others', at offsets with gaps as a broker leaves them. Gives slices as a topic's reader does, and the same records as
 * the oracle is to see them. What a shard makes of it is left alone.
 */
import { BatchBuilder } from "../../src/topic/batch-builder.ts";
import type { Random } from "../generate/random.ts";
import type { OracleRecord } from "../oracle.ts";
import { type ForeignRecord, foreignBatch } from "./foreign-batch.ts";

/** A record batch and its place: offsets and record indexes up to, not including, their ends. */
export interface PlacedBatch {
  readonly bytes: Uint8Array;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly recordsEnd: number;
}

/** How a log is cut into batches. */
export interface LogShape {
  /** Who wrote a batch: our producer (one timestamp for all), another, or another and the broker gave it its time. */
  readonly writers: readonly ("ours" | "foreign" | "appendTime")[];
  readonly batchRecordsMax: number;
  /**
   * How often offsets are free: 0 to 1. Before a batch, as aborted batches and control records leave them, and within
   * foreign ones and at their ends, as compaction does.
   */
  readonly gaps: number;
  readonly startOffset: number;
}

export class RatingsLog {
  /** With the timestamps of their batches. */
  readonly records: OracleRecord[] = [];
  readonly offsets: number[] = [];
  readonly batches: PlacedBatch[] = [];
  readonly startOffset: number;
  /** Offset after the last batch. */
  endOffset: number;

  constructor(random: Random, records: readonly OracleRecord[], shape: LogShape) {
    this.startOffset = shape.startOffset;
    this.endOffset = shape.startOffset;
    while (this.records.length < records.length) {
      if (random.chance(shape.gaps)) this.endOffset += random.whole(1, 5);
      const from = this.records.length;
      const batch = records.slice(from, from + random.whole(1, shape.batchRecordsMax));
      const writer = random.pick(shape.writers);
      if (writer === "ours") this.#appendOurs(random, batch);
      else this.#appendForeign(random, batch, shape.gaps, writer === "appendTime");
    }
  }

  /** Index of the first batch that holds `offset` or starts after it; the number of batches where none does. */
  batchAt(offset: number): number {
    const index = this.batches.findIndex((batch) => batch.endOffset > offset);
    return index < 0 ? this.batches.length : index;
  }

  /** Batches from `first` up to, not including, `end`, as a reader gives them: a Buffer, as Node's own are. */
  slice(first: number, end: number): Uint8Array {
    return Buffer.concat(this.batches.slice(first, end).map((batch) => batch.bytes));
  }

  /** Whether a batch holds records on both sides of this offset. */
  isInsideBatch(offset: number): boolean {
    return this.batches.some((batch) => batch.baseOffset < offset && offset < batch.endOffset);
  }

  #appendOurs(random: Random, records: readonly OracleRecord[]): void {
    const timestampMs = random.pick(records).timestampMs ?? -1;
    const lines = records.map(({ line }) => line);
    const baseOffset = this.endOffset;
    for (const line of lines) this.#note({ line, timestampMs }, this.endOffset++);
    this.#place(recordBatch(lines, baseOffset, timestampMs), baseOffset);
  }

  #appendForeign(random: Random, records: readonly OracleRecord[], gaps: number, appendTime: boolean): void {
    const baseOffset = this.endOffset;
    const appendTimeMs = appendTime ? Math.max(0, random.pick(records).timestampMs ?? 0) : undefined;
    // Without a timestamp of its own, a batch's first record says that none has.
    const untimed = (records[0].timestampMs ?? -1) < 0;
    const free = () => (random.chance(gaps / 10) ? random.pick([1, 2, 300]) : 0);
    const written = records.map(({ line, timestampMs = -1 }): ForeignRecord => {
      const offset = this.endOffset;
      const ownMs = untimed ? -1 : timestampMs;
      this.#note({ line, timestampMs: appendTimeMs ?? ownMs }, offset);
      this.endOffset += 1 + free();
      const key = random.pick([null, "", "17770", "k".repeat(100)]);
      const headers = random.chance(0.05) ? [["name", null] as const] : [];
      return { offset, timestampMs: ownMs, key: bytesOf(key), value: bytesOf(line), headers };
    });
    this.#place(foreignBatch({ records: written, lastOffset: this.endOffset - 1, appendTimeMs }), baseOffset);
  }

  #note(record: OracleRecord, offset: number): void {
    this.records.push(record);
    this.offsets.push(offset);
  }

  #place(bytes: Uint8Array, baseOffset: number): void {
    this.batches.push({ bytes, baseOffset, endOffset: this.endOffset, recordsEnd: this.records.length });
  }
}

const builder = new BatchBuilder(64 * 1024);

/** The lines as one record batch of our producer's at an offset. */
export function recordBatch(
  lines: readonly (string | Uint8Array | null)[],
  baseOffset: number,
  timestampMs = -1,
): Uint8Array {
  for (const line of lines) {
    const value = bytesOf(line);
    if (value === null) builder.add(new Uint8Array(0), -1, -1, new Uint8Array(0), -1, -1);
    else builder.add(value, -1, -1, value, 0, value.length);
  }
  const bytes = builder.finish(timestampMs).slice();
  new DataView(bytes.buffer).setBigInt64(0, BigInt(baseOffset));
  return bytes;
}

function bytesOf(line: string | Uint8Array | null): Uint8Array | null {
  return typeof line === "string" ? Buffer.from(line) : line;
}
