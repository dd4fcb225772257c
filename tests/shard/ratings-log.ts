/**
 * One partition of a ratings topic in memory, for tests of the shard: records in record batches as a producer writes
 * them, at offsets with gaps as a broker leaves them. Gives slices as a topic's reader does, and the same records as the
 * oracle is to see them. What a shard makes of it is left alone.
 */
import { BatchBuilder } from "../../src/topic/batch-builder.ts";
import { crc32c } from "../../src/topic/crc32c.ts";
import { BATCH_CRC_AT, BATCH_CRC_FROM } from "../../src/topic/record-batch.ts";
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
  /** How often a batch has free offsets before it (aborted batches, control records) or at its end (compaction). */
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
      const freeOffsets = random.chance(shape.gaps) ? random.whole(1, 3) : 0;
      this.#append(random, records.slice(from, from + random.whole(1, shape.batchRecordsMax)), freeOffsets);
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

  #append(random: Random, records: readonly OracleRecord[], freeOffsets: number): void {
    // A batch has one timestamp for all its records: that of one of them.
    const timestampMs = random.pick(records).timestampMs ?? -1;
    const lines = records.map(({ line }) => line);
    const baseOffset = this.endOffset;
    for (const [index, line] of lines.entries()) {
      this.offsets.push(baseOffset + index);
      this.records.push({ line, timestampMs });
    }
    this.endOffset += lines.length + freeOffsets;
    const bytes = recordBatch(lines, baseOffset, timestampMs, freeOffsets);
    this.batches.push({ bytes, baseOffset, endOffset: this.endOffset, recordsEnd: this.records.length });
  }
}

const LAST_OFFSET_DELTA_AT = 23;
const builder = new BatchBuilder(64 * 1024);

/** The lines as one record batch at an offset; its last records, of so many offsets, were taken out by a broker. */
export function recordBatch(
  lines: readonly (string | Uint8Array | null)[],
  baseOffset: number,
  timestampMs = -1,
  freeOffsets = 0,
): Uint8Array {
  for (const line of lines) {
    const value = typeof line === "string" ? Buffer.from(line) : line;
    if (value === null) builder.add(new Uint8Array(0), -1, -1, new Uint8Array(0), -1, -1);
    else builder.add(value, -1, -1, value, 0, value.length);
  }
  const bytes = builder.finish(timestampMs).slice();
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(baseOffset));
  view.setInt32(LAST_OFFSET_DELTA_AT, lines.length - 1 + freeOffsets);
  view.setUint32(BATCH_CRC_AT, crc32c(bytes, BATCH_CRC_FROM, bytes.length));
  return bytes;
}
