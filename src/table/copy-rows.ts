/**
 * Rows as PostgreSQL's COPY takes them in its binary format (PostgreSQL manual, COPY, "Binary Format"), in chunks, and
 * in the order of the table's key where they come as a shard hands them out. They are made in half the time of lines of
 * text, for which many short strings are joined and then encoded. Pure. What is never in a row, U+0000 and unpaired
 * surrogates, is for whoever makes rows.
 */
import { Buffer } from "node:buffer";
import { UTF8_BYTES_MAX } from "../byte-stream.ts";
import { assert } from "../errors.ts";
import type { RowColumns } from "../row-columns.ts";
import { keyOrder } from "./key-order.ts";

/** Large enough that few are handed over, small enough that few are held. */
const CHUNK_BYTES = 128 * 1024;
/** Of a row, without its title: the number of fields, six lengths, BIGINT, an id's ten digits, three INTEGERs. */
const ROW_BYTES_MAX = 2 + 6 * 4 + 8 + 10 + 3 * 4;
/** Of a whole row: a title's length takes two bytes. */
const ROW_BYTES_SHORT = 64 * 1024;

const SIGNATURE = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00);
/** The signature, flags, and the length of an extension: none of either. */
const HEADER = Uint8Array.of(...SIGNATURE, 0, 0, 0, 0, 0, 0, 0, 0);
const FIELDS = 6;
const ZERO = 0x30;
const TRAILER = Uint8Array.of(0xff, 0xff);

/** All rows, with what stands before and after them. */
export function* copyRows(rows: RowColumns): Generator<Uint8Array> {
  yield HEADER;
  const order = keyOrder(rows);
  for (let next = 0; next < rows.length; ) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const { end, length } = putRows(chunk, rows, order, next);
    next = end;
    yield chunk.subarray(0, length);
  }
  yield TRAILER;
}

/**
 * Puts rows from the `first` in order on into the chunk, which is all zero, while there surely is room: before which it
 * ended, and their length. One loop, byte by byte: an epoch is over before the small functions that this could be are
 * compiled. Without loops in it, so that a few epochs do not count as worth the compiler's best, which takes as long.
 */
function putRows(chunk: Buffer, rows: RowColumns, order: Int32Array, first: number): { end: number; length: number } {
  const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = rows;
  let at = 0;
  let end = first;
  for (; end < order.length; end++) {
    const row = order[end];
    const bytesMax = ROW_BYTES_MAX + title[row].length * UTF8_BYTES_MAX;
    assert(bytesMax <= ROW_BYTES_SHORT, "a title is short");
    if (at + bytesMax > CHUNK_BYTES) break;

    const start = windowStart[row];
    const startHigh = Math.floor(start / 2 ** 32);
    chunk[at + 1] = FIELDS;
    chunk[at + 5] = 8;
    chunk[at + 6] = startHigh >>> 24;
    chunk[at + 7] = startHigh >>> 16;
    chunk[at + 8] = startHigh >>> 8;
    chunk[at + 9] = startHigh;
    chunk[at + 10] = start >>> 24;
    chunk[at + 11] = start >>> 16;
    chunk[at + 12] = start >>> 8;
    chunk[at + 13] = start;
    at += 14;

    const id = movieId[row];
    const idAt = at + 4;
    let digitAt = idAt;
    if (id >= 1e9) chunk[digitAt++] = ZERO + Math.floor(id / 1e9);
    if (id >= 1e8) chunk[digitAt++] = ZERO + (Math.floor(id / 1e8) % 10);
    if (id >= 1e7) chunk[digitAt++] = ZERO + (Math.floor(id / 1e7) % 10);
    if (id >= 1e6) chunk[digitAt++] = ZERO + (Math.floor(id / 1e6) % 10);
    if (id >= 1e5) chunk[digitAt++] = ZERO + (Math.floor(id / 1e5) % 10);
    if (id >= 1e4) chunk[digitAt++] = ZERO + (Math.floor(id / 1e4) % 10);
    if (id >= 1e3) chunk[digitAt++] = ZERO + (Math.floor(id / 1e3) % 10);
    if (id >= 1e2) chunk[digitAt++] = ZERO + (Math.floor(id / 1e2) % 10);
    if (id >= 10) chunk[digitAt++] = ZERO + (Math.floor(id / 10) % 10);
    chunk[digitAt++] = ZERO + (id % 10);
    chunk[at + 3] = digitAt - idAt;
    at = digitAt;

    const titleBytes = chunk.write(title[row], at + 4);
    chunk[at + 2] = titleBytes >>> 8;
    chunk[at + 3] = titleBytes;
    at += 4 + titleBytes;

    const count = ratingCount[row];
    const sum = ratingSum[row];
    chunk[at + 3] = 4;
    chunk[at + 4] = count >>> 24;
    chunk[at + 5] = count >>> 16;
    chunk[at + 6] = count >>> 8;
    chunk[at + 7] = count;
    chunk[at + 11] = 4;
    chunk[at + 12] = sum >>> 24;
    chunk[at + 13] = sum >>> 16;
    chunk[at + 14] = sum >>> 8;
    chunk[at + 15] = sum;
    chunk[at + 19] = 4;
    chunk[at + 23] = uniqueRatingCount[row];
    at += 24;
  }
  return { end, length: at };
}
