/**
 * One partition of a ratings topic in memory, for tests of the shard: records in record batches as a producer writes
 * them, at offsets with gaps as a broker leaves them. Gives slices as a topic's reader does, and the same records as the
 * oracle is to see them. What a shard makes of it is left alone.
 */
import { BatchBuilder } from "../../src/topic/batch-builder.ts";
import type { Random } from "../generate/random.ts";
import type { OracleRecord } from "../oracle.ts";

/** A record batch and its place: offsets and record indexes up to, not including, their ends. */
export interface PlacedBatch {
  readonly bytes: Uint8Array;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly recordsEnd: number;
}

/** How a log is cut into batches. */
export interface LogShape {
  readonly batchRecordsMax: number;
  /** How often a batch leaves offsets out before it, as aborted batches and control records do: 0 to 1. */
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
      this.#append(random, records.slice(from, from + random.whole(1, shape.batchRecordsMax)));
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

  #append(random: Random, records: readonly OracleRecord[]): void {
    // A batch has one timestamp for all its records: that of one of them.
    const timestampMs = random.pick(records).timestampMs ?? -1;
    const bytes = recordBatch(records.map(({ line }) => line), this.endOffset, timestampMs);
    for (const { line } of records) {
      this.offsets.push(this.endOffset + this.records.length - (this.batches.at(-1)?.recordsEnd ?? 0));
      this.records.push({ line, timestampMs });
    }
    const baseOffset = this.endOffset;
    this.endOffset += records.length;
    this.batches.push({ bytes, baseOffset, endOffset: this.endOffset, recordsEnd: this.records.length });
  }
}

const builder = new BatchBuilder(64 * 1024);

/** The lines as one record batch at an offset. */
export function recordBatch(
  lines: readonly (string | Uint8Array | null)[],
  baseOffset: number,
  timestampMs = -1,
): Uint8Array {
  for (const line of lines) {
    const value = typeof line === "string" ? Buffer.from(line) : line;
    if (value === null) builder.add(new Uint8Array(0), -1, -1, new Uint8Array(0), -1, -1);
    else builder.add(value, -1, -1, value, 0, value.length);
  }
  const bytes = builder.finish(timestampMs).slice();
  new DataView(bytes.buffer).setBigInt64(0, BigInt(baseOffset));
  return bytes;
}
