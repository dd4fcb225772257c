/**
 * Rows as PostgreSQL's COPY takes them in its binary format (PostgreSQL manual, COPY, "Binary Format"), in chunks. They
 * are made in half the time of lines of text, for which many short strings are joined and then encoded. Pure. What is
 * never in a row, U+0000 and unpaired surrogates, is for whoever makes rows.
 */
import { putAscii } from "../byte-stream.ts";
import { assert } from "../errors.ts";
import type { RowColumns } from "../row-columns.ts";

/** Large enough that few are handed over, small enough that few are held. */
const CHUNK_BYTES = 128 * 1024;
/** Of a row, without its title: the number of fields, six lengths, BIGINT, an id's ten digits, three INTEGERs. */
const ROW_BYTES_MAX = 2 + 6 * 4 + 8 + 10 + 3 * 4;
/** A character of a string is at most this many bytes. */
const UTF8_BYTES_MAX = 3;

const SIGNATURE = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00);
/** The signature, flags, and the length of an extension: none of either. */
const HEADER = Uint8Array.of(...SIGNATURE, 0, 0, 0, 0, 0, 0, 0, 0);
const FIELDS = 6;
const TRAILER = Uint8Array.of(0xff, 0xff);
const ENCODER = new TextEncoder();

/** All rows, with what stands before and after them. */
export function* copyRows(rows: RowColumns): Generator<Uint8Array> {
  yield HEADER;
  for (let next = 0; next < rows.length; ) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const { end, length } = putRows(chunk, rows, next);
    next = end;
    yield chunk.subarray(0, length);
  }
  yield TRAILER;
}

/** Puts rows from `first` on into the chunk, while there surely is room: before which it ended, and their length. */
function putRows(chunk: Uint8Array, rows: RowColumns, first: number): { end: number; length: number } {
  const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = rows;
  let at = 0;
  let row = first;
  for (; row < rows.length; row++) {
    const bytesMax = ROW_BYTES_MAX + title[row].length * UTF8_BYTES_MAX;
    assert(bytesMax <= CHUNK_BYTES, "a title is short");
    if (at + bytesMax > chunk.length) break;
    chunk[at + 1] = FIELDS;
    at = putInt32(chunk, at + 2, 8);
    at = putInt32(chunk, at, Math.floor(windowStart[row] / 2 ** 32));
    at = putInt32(chunk, at, windowStart[row]);
    at = putId(chunk, at, movieId[row]);
    at = putText(chunk, at, title[row]);
    at = putInteger(chunk, at, ratingCount[row]);
    at = putInteger(chunk, at, ratingSum[row]);
    at = putInteger(chunk, at, uniqueRatingCount[row]);
  }
  return { end: row, length: at };
}

// Each of these returns where it ended.

/** The lowest 32 bits of a number. */
function putInt32(chunk: Uint8Array, at: number, value: number): number {
  chunk[at] = value >>> 24;
  chunk[at + 1] = value >>> 16;
  chunk[at + 2] = value >>> 8;
  chunk[at + 3] = value;
  return at + 4;
}

/** An INTEGER, its length before it. */
function putInteger(chunk: Uint8Array, at: number, value: number): number {
  return putInt32(chunk, putInt32(chunk, at, 4), value);
}

/** A positive number as text in decimal digits, its length before it. */
function putId(chunk: Uint8Array, at: number, id: number): number {
  let digits = 1;
  for (let power = 10; power <= id; power *= 10) digits++;
  const start = putInt32(chunk, at, digits);
  let rest = id;
  for (let place = start + digits - 1; place >= start; place--) {
    const tenth = Math.floor(rest / 10);
    chunk[place] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  return start + digits;
}

/** A text in UTF-8, its length before it: one of ASCII only, as most are, without the encoder. */
function putText(chunk: Uint8Array, at: number, text: string): number {
  const start = at + 4;
  if (putAscii(chunk, start, text)) return putInt32(chunk, at, text.length) + text.length;
  const bytes = ENCODER.encode(text);
  chunk.set(bytes, start);
  return putInt32(chunk, at, bytes.length) + bytes.length;
}
