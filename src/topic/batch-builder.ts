/**
 * Builds one record batch after another (Kafka record batch format v2, uncompressed) in a buffer that it reuses.
 * Promises a right CRC-32C and batches of at most `batchBytesMax`, unless a single record is larger. The base offset
 * is 0 until a writer sets it: the CRC leaves it out, so that is free.
 */
import { Buffer } from "node:buffer";
import { assert } from "../errors.ts";
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_CRC_AT,
  BATCH_CRC_FROM,
  BATCH_FRAME_BYTES,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  MAGIC_AT,
  MAGIC_V2,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
} from "./batch-layout.ts";
import { crc32c } from "./crc32c.ts";

/** Of a batch that we put on a topic: below the 1 MiB that brokers take by default (`message.max.bytes`). */
export const BUILT_BYTES_MAX = 1_000_000;
/** Bytes that framing a record can add: six varints of at most 5 bytes, one of 10, and the attributes. */
const RECORD_FRAME_BYTES_MAX = 41;
/** Of 32 bits. */
const VARINT_BYTES_MAX = 5;

/** Headers of a record, encoded: see `headerBlock`. */
export interface HeaderBlock {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Encodes headers once for all the records that bear them. */
export function headerBlock(headers: readonly (readonly [name: string, value: Uint8Array])[]): HeaderBlock {
  const parts: number[] = [];
  const put = (bytes: Uint8Array) => {
    pushVarint(parts, bytes.length);
    for (const byte of bytes) parts.push(byte);
  };
  for (const [name, value] of headers) {
    put(new TextEncoder().encode(name));
    put(value);
  }
  return { count: headers.length, bytes: Uint8Array.from(parts) };
}

export class BatchBuilder {
  #bytes: Buffer;
  #view: DataView;
  #at = BATCH_HEADER_BYTES;
  #count = 0;
  readonly #batchBytesMax: number;

  constructor(batchBytesMax = BUILT_BYTES_MAX) {
    this.#batchBytesMax = batchBytesMax;
    this.#bytes = Buffer.alloc(batchBytesMax);
    this.#view = viewOf(this.#bytes);
  }

  /** Records in the batch so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether a record of this many bytes (key, value and headers) still fits; always when the batch is empty. */
  fits(recordBytes: number): boolean {
    return this.#count === 0 || this.#at + recordBytes + RECORD_FRAME_BYTES_MAX <= this.#batchBytesMax;
  }

  /**
   * Adds a record whose key and value lie in these bytes; a start of -1 means null. All records bear the batch's time.
   */
  add(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const keyBytes = keyStart < 0 ? 0 : keyEnd - keyStart;
    const valueBytes = valueStart < 0 ? 0 : valueEnd - valueStart;
    this.#reserve(keyBytes + valueBytes + RECORD_FRAME_BYTES_MAX);
    const body =
      3 +
      varintBytes(this.#count) +
      varintBytes(keyStart < 0 ? -1 : keyBytes) +
      keyBytes +
      varintBytes(valueStart < 0 ? -1 : valueBytes) +
      valueBytes;
    this.#varint(body);
    this.#bytes[this.#at++] = 0; // Attributes.
    this.#bytes[this.#at++] = 0; // Timestamp delta.
    this.#varint(this.#count++);
    this.#nullable(keySource, keyStart, keyBytes);
    this.#nullable(valueSource, valueStart, valueBytes);
    this.#bytes[this.#at++] = 0; // No headers.
  }

  /** Adds a record with headers, in blocks that may serve many records: for the output topics. */
  addWithHeaders(key: Uint8Array | null, value: Uint8Array | null, headers: readonly HeaderBlock[]): void {
    // Loops: `reduce`, which all kinds of code call, takes a microsecond for one block.
    let headerCount = 0;
    let headerBytes = 0;
    for (const { count, bytes } of headers) {
      headerCount += count;
      headerBytes += bytes.length;
    }
    this.#begin(nullableBytes(key) + nullableBytes(value) + varintBytes(headerCount) + headerBytes);
    this.#field(key);
    this.#field(value);
    this.#varint(headerCount);
    for (const { bytes } of headers) this.#copy(bytes);
  }

  /** The same of texts, one block: without bytes of their own for each, of which an epoch has many thousands. */
  addTextsWithHeaders(key: string, value: string, { count, bytes: headers }: HeaderBlock): void {
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(value);
    const fieldBytes = varintBytes(keyBytes) + keyBytes + varintBytes(valueBytes) + valueBytes;
    this.#begin(fieldBytes + varintBytes(count) + headers.length);
    this.#text(key, keyBytes);
    this.#text(value, valueBytes);
    this.#varint(count);
    this.#copy(headers);
  }

  /**
   * Closes the batch, all of whose records bear `timestampMs`, and starts the next. The bytes returned are a view of
   * the builder's own buffer: good until the next `add`.
   */
  finish(timestampMs: number): Uint8Array {
    assert(this.#count > 0, "a batch holds a record");
    const view = this.#view;
    const end = this.#at;
    view.setBigInt64(BASE_OFFSET_AT, 0n);
    view.setInt32(BATCH_LENGTH_AT, end - BATCH_FRAME_BYTES);
    view.setInt32(LEADER_EPOCH_AT, -1); // The broker's to set.
    view.setInt8(MAGIC_AT, MAGIC_V2);
    view.setInt16(ATTRIBUTES_AT, 0);
    view.setInt32(LAST_OFFSET_DELTA_AT, this.#count - 1);
    view.setBigInt64(BASE_TIMESTAMP_AT, BigInt(timestampMs));
    view.setBigInt64(MAX_TIMESTAMP_AT, BigInt(timestampMs));
    view.setBigInt64(PRODUCER_ID_AT, -1n); // None, so no epoch and no sequence.
    view.setInt16(PRODUCER_EPOCH_AT, -1);
    view.setInt32(BASE_SEQUENCE_AT, -1);
    view.setInt32(RECORD_COUNT_AT, this.#count);
    view.setUint32(BATCH_CRC_AT, crc32c(this.#bytes, BATCH_CRC_FROM, end));
    this.#at = BATCH_HEADER_BYTES;
    this.#count = 0;
    // Not a Buffer, whose `slice` makes no copy.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, end);
  }

  /** Begins a record with headers, which has so many bytes behind its offset. `add` does without a call for this. */
  #begin(bytes: number): void {
    const body = 2 + varintBytes(this.#count) + bytes;
    this.#reserve(VARINT_BYTES_MAX + body);
    this.#varint(body);
    this.#bytes[this.#at++] = 0; // Attributes.
    this.#bytes[this.#at++] = 0; // Timestamp delta.
    this.#varint(this.#count++);
  }

  #text(text: string, bytes: number): void {
    this.#varint(bytes);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #field(field: Uint8Array | null): void {
    this.#varint(field === null ? -1 : field.length);
    if (field !== null) this.#copy(field);
  }

  /** Not byte by byte: the lines of an epoch are over before a loop of ours is compiled. */
  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #nullable(source: Uint8Array, start: number, length: number): void {
    if (start < 0) {
      this.#bytes[this.#at++] = 1; // Zigzag of -1.
      return;
    }
    this.#varint(length);
    const bytes = this.#bytes;
    let to = this.#at;
    // Keys and values of ratings are short: a loop beats a call to copy them.
    for (let from = start; from < start + length; from++) bytes[to++] = source[from];
    this.#at = to;
  }

  #varint(value: number): void {
    this.#at = putVarint(this.#bytes, this.#at, value);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#at + bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** Puts a zigzag varint at `at`; returns where the next field begins. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  let next = at;
  for (; raw >= 0x80; raw >>>= 7) bytes[next++] = raw | 0x80;
  bytes[next++] = raw;
  return next;
}

function pushVarint(bytes: number[], value: number): void {
  let raw = value * 2; // Zigzag of what is not negative.
  for (; raw >= 0x80; raw = Math.floor(raw / 128)) bytes.push((raw & 0x7f) | 0x80);
  bytes.push(raw);
}

const viewOf = ({ buffer, byteOffset, length }: Buffer) => new DataView(buffer, byteOffset, length);

const nullableBytes = (field: Uint8Array | null): number =>
  field === null ? 1 : varintBytes(field.length) + field.length;

function varintBytes(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  return raw < 0x80 ? 1 : raw < 0x4000 ? 2 : raw < 0x200000 ? 3 : raw < 0x10000000 ? 4 : 5;
}
