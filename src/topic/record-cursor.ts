/**
 * The records of an uncompressed batch, format v2 (Kafka protocol guide, "Record"): by a cursor, without an object per
 * record, or as objects. Promises that nothing outside of the batch's own bytes is taken for a record; the batch was
 * checked by `record-batch.ts`. What a record's value means is the reader's.
 */
import { BATCH_HEADER_BYTES } from "./batch-layout.ts";
import { DamagedBatch } from "./contract.ts";
import type { BatchHeader } from "./record-batch.ts";

/** One record of a batch. The arrays are views of the batch's bytes. */
export interface TopicRecord {
  readonly offset: number;
  /** Milliseconds since 1970, or -1 where the record has none. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyMap<string, Uint8Array | null>;
}

/** The records of an uncompressed batch, one object each: for consumers of few records; `process` walks by cursor. */
export function* recordsOf(bytes: Uint8Array, header: BatchHeader): Generator<TopicRecord> {
  const cursor = new RecordCursor();
  cursor.open(bytes, header);
  while (cursor.next()) {
    const headers = new Map<string, Uint8Array | null>();
    for (let left = cursor.readVarint(); left > 0; left--) {
      const key = cursor.readBytes();
      headers.set(new TextDecoder().decode(key ?? undefined), cursor.readBytes());
    }
    yield {
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      key: cursor.keyStart < 0 ? null : bytes.subarray(cursor.keyStart, cursor.keyEnd),
      value: cursor.valueStart < 0 ? null : bytes.subarray(cursor.valueStart, cursor.valueEnd),
      headers,
    };
  }
}

/**
 * Steps through the records of one uncompressed batch without making an object per record. After `next()` returned
 * true, the fields tell where the record's key and value lie in the bytes. Damage inside a batch is a `DamagedBatch`.
 */
export class RecordCursor {
  offset = 0;
  timestampMs = -1;
  /** -1 where the record has no key. */
  keyStart = -1;
  keyEnd = -1;
  /** -1 where the record has no value. */
  valueStart = -1;
  valueEnd = -1;

  /** Where the next record begins, how many are left, and where the batch ends: for a lane that reads ahead. */
  nextAt = 0;
  recordsLeft = 0;
  batchEnd = 0;
  /** No record whose timestamp delta is not negative is earlier; -1 where records have no timestamp. */
  baseTimestampMs = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #baseOffset = 0;
  #fixedTimestamp = false;

  /** Places the cursor before the first record. */
  open(bytes: Uint8Array, header: BatchHeader): void {
    if (header.compression !== 0) {
      throw new DamagedBatch(
        `the batch at offset ${header.baseOffset} is compressed (codec ${header.compression})`,
        "only uncompressed batches can be read here",
      );
    }
    this.#bytes = bytes;
    this.#at = header.at + BATCH_HEADER_BYTES;
    this.nextAt = this.#at;
    this.batchEnd = header.at + header.bytes;
    this.recordsLeft = header.recordCount;
    this.#baseOffset = header.baseOffset;
    this.#fixedTimestamp = header.logAppendTime || header.baseTimestampMs < 0;
    this.baseTimestampMs = header.logAppendTime ? header.maxTimestampMs : header.baseTimestampMs;
    this.timestampMs = this.baseTimestampMs;
  }

  /** Passes records that a lane has read: the last one's offset delta lies at `offsetDeltaAt`, the next at `nextAt`. */
  pass(records: number, offsetDeltaAt: number, nextAt: number): void {
    this.recordsLeft -= records;
    this.nextAt = nextAt;
    this.#at = offsetDeltaAt;
    this.offset = this.#baseOffset + this.readVarint();
  }

  /** Moves to the next record; false after the last. */
  next(): boolean {
    if (this.recordsLeft === 0) return false;
    this.recordsLeft--;
    this.#at = this.nextAt;
    const recordBytes = this.readVarint();
    const recordEnd = this.#at + recordBytes;
    if (recordBytes < 0 || recordEnd > this.batchEnd) throw this.#damaged();
    this.nextAt = recordEnd;
    this.#at++; // Attributes: unused in v2.
    if (this.#fixedTimestamp) this.#skipVarint();
    else this.timestampMs = this.baseTimestampMs + this.#readVarlong();
    this.offset = this.#baseOffset + this.readVarint();

    const keyBytes = this.readVarint();
    this.keyStart = keyBytes < 0 ? -1 : this.#at;
    if (keyBytes > 0) this.#at += keyBytes;
    this.keyEnd = this.#at;

    const valueBytes = this.readVarint();
    this.valueStart = valueBytes < 0 ? -1 : this.#at;
    if (valueBytes > 0) this.#at += valueBytes;
    this.valueEnd = this.#at;
    if (this.#at > recordEnd) throw this.#damaged();
    return true;
  }

  /** A zigzag varint of 32 bits at the cursor: the header count and lengths that follow the value. */
  readVarint(): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at++];
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let raw = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = bytes[this.#at++];
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    throw this.#damaged();
  }

  /** A length and that many bytes at the cursor; null for a length of -1. */
  readBytes(): Uint8Array | null {
    const length = this.readVarint();
    if (length < 0) return null;
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.nextAt) throw this.#damaged();
    return this.#bytes.subarray(start, this.#at);
  }

  #readVarlong(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++];
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    // Doubles hold 53 bits exactly; a timestamp delta needs no more.
    let raw = byte & 0x7f;
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      if (scale > Number.MAX_SAFE_INTEGER) throw this.#damaged();
      byte = bytes[this.#at++];
      raw += (byte & 0x7f) * scale;
    }
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  #skipVarint(): void {
    while (this.#bytes[this.#at++] >= 0x80);
  }

  #damaged(): DamagedBatch {
    return new DamagedBatch(
      `a record of the batch at offset ${this.#baseOffset} does not fit its own length`,
      "the batch's checksum is right, so its producer wrote it so; the topic cannot be read past it",
    );
  }
}
