/**
 * Kafka record batches, format v2 (Kafka protocol guide, "Record Batch"): reading headers, walking records, checking.
 * Promises that nothing outside of a batch's own bytes is read. Building batches is `batch-builder.ts`; what a
 * record's value means is the reader's.
 */
import { assert } from "../errors.ts";
import { DamagedBatch } from "./contract.ts";
import { crc32c } from "./crc32c.ts";

export const BATCH_HEADER_BYTES = 61;
/** Bytes of base offset and batch length, which the batch length does not count. */
export const BATCH_FRAME_BYTES = 12;
/** No batch is larger: Kafka's own `message.max.bytes` is 1 MiB, and few raise it that far. */
export const BATCH_BYTES_MAX = 128 * 1024 * 1024;
export const BATCH_CRC_AT = 17;
export const BATCH_CRC_FROM = 21;

const MAGIC_V2 = 2;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A batch header, read once per batch. Offsets, timestamps and ids fit a double. */
export interface BatchHeader {
  readonly at: number;
  /** The whole batch, frame included. */
  readonly bytes: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: number;
  readonly transactional: boolean;
  readonly control: boolean;
  /** The broker's append time stands for every record's own (max timestamp of the batch). */
  readonly logAppendTime: boolean;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly recordCount: number;
}

/** Length in bytes of the batch that begins at `at`, or undefined while its frame is not all there. */
export function batchBytesAt(bytes: Uint8Array, at: number): number | undefined {
  if (at + BATCH_FRAME_BYTES > bytes.length) return undefined;
  return viewOf(bytes).getInt32(at + 8) + BATCH_FRAME_BYTES;
}

/** Reads the header at `at`; the caller has made sure that `BATCH_HEADER_BYTES` are there. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader {
  assert(at + BATCH_HEADER_BYTES <= bytes.length, "a whole batch header is there");
  const view = viewOf(bytes);
  const baseOffset = readInt64(view, at);
  const attributes = view.getInt16(at + 21);
  return {
    at,
    bytes: view.getInt32(at + 8) + BATCH_FRAME_BYTES,
    baseOffset,
    lastOffset: baseOffset + view.getInt32(at + 23),
    magic: view.getInt8(at + 16),
    crc: view.getUint32(at + BATCH_CRC_AT),
    compression: attributes & COMPRESSION_MASK,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    logAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    baseTimestampMs: readInt64(view, at + 27),
    maxTimestampMs: readInt64(view, at + 35),
    producerId: readInt64(view, at + 43),
    recordCount: view.getInt32(at + 57),
  };
}

/** Whether all of a batch of a possible length is there. */
export function isWholeBatch(bytes: Uint8Array, { at, bytes: length }: BatchHeader): boolean {
  return length >= BATCH_HEADER_BYTES && at + length <= bytes.length;
}

/** `crc`: the batch is whole, but not what its producer sent. */
export type BatchFaultKind = "format" | "length" | "cut" | "crc" | "counts";

/** What is wrong with the whole batch at `header`, or undefined: format, length and, as `checksum` has it, CRC-32C. */
export function batchFaultKind(
  bytes: Uint8Array,
  header: BatchHeader,
  checksum = (start: number, end: number) => crc32c(bytes, start, end),
): BatchFaultKind | undefined {
  if (header.magic !== MAGIC_V2) return "format";
  if (header.bytes < BATCH_HEADER_BYTES || header.bytes > BATCH_BYTES_MAX) return "length";
  if (!isWholeBatch(bytes, header)) return "cut";
  if (checksum(header.at + BATCH_CRC_FROM, header.at + header.bytes) !== header.crc) return "crc";
  if (header.recordCount < 0 || header.lastOffset < header.baseOffset) return "counts";
  return undefined;
}

/** The same in words. */
export function batchFault(bytes: Uint8Array, header: BatchHeader): string | undefined {
  const kind = batchFaultKind(bytes, header);
  return kind && describeFault(kind, header);
}

export function describeFault(kind: BatchFaultKind, header: BatchHeader): string {
  switch (kind) {
    case "format":
      return `message format ${header.magic}, only 2 is known`;
    case "length":
      return `a batch length of ${header.bytes}`;
    case "cut":
      return "a batch cut short";
    case "crc":
      return "a wrong CRC";
    case "counts":
      return "impossible counts";
  }
}

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

function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
}

// A DataView per call would cost more than what it reads; a topic's buffers are few and live long.
const views = new WeakMap<Uint8Array, DataView>();
function viewOf(bytes: Uint8Array): DataView {
  let view = views.get(bytes);
  if (view === undefined) {
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    views.set(bytes, view);
  }
  return view;
}
