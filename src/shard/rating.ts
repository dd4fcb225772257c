/**
 * One rating, read from the bytes of a record's value: `2002-09-20,12725,1488844,3`. The fast path makes no string
 * and no object; what it does not recognise for its quotes or line ends goes to a CSV library, and only what that
 * cannot read either is malformed. Judges the line alone: lateness and limits are the shard's.
 */
import { parse as parseCsv } from "csv-parse/sync";
import { MS_PER_DAY, parseEventTime } from "../calendar.ts";

export const RATING_MAX = 10;
export const MOVIE_ID_MAX = 2 ** 31 - 1;

const COMMA = 0x2c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const ZERO = 0x30;
const DATE_BYTES = 10;

/** Reads rating after rating into its own fields. One per shard: it remembers the last date, for the next. */
export class RatingParser {
  /** Event time in ms since 1970 UTC, and its day since 1970. */
  eventTimeMs = 0;
  day = 0;
  movieId = 0;
  rating = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  // The last plain date, at first 1970-01-01: its ten bytes as two words and a half, its time and its day.
  #dateWord0 = 0x31393730;
  #dateWord1 = 0x2d30312d;
  #dateWord2 = 0x3031;
  #dateTimeMs = 0;
  #dateDay = 0;

  /** The bytes that the following `parse` calls point into. */
  attach(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the line from `start` up to, not including, `end`; false where it is no valid rating. */
  parse(start: number, end: number): boolean {
    return this.#parsePlain(start, end) || this.#parseQuoted(start, end);
  }

  /** Four columns without quotes or line ends: every line of the real data. */
  #parsePlain(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = start + DATE_BYTES;
    if (at >= end) return false;
    if (bytes[at] === COMMA) {
      const view = this.#view;
      const same =
        view.getInt32(start) === this.#dateWord0 &&
        view.getInt32(start + 4) === this.#dateWord1 &&
        view.getInt16(start + 8) === this.#dateWord2;
      if (!same && !this.#readDate(start)) return false;
      this.eventTimeMs = this.#dateTimeMs;
      this.day = this.#dateDay;
    } else {
      while (at < end && bytes[at] !== COMMA) at++;
      if (!this.#readEventTime(latin1(bytes, start, at))) return false;
    }

    let digit = bytes[++at] - ZERO;
    if (!(digit >= 1 && digit <= 9)) return false;
    let movieId = digit;
    for (at++; at < end; at++) {
      digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      movieId = movieId * 10 + digit;
      if (movieId > MOVIE_ID_MAX) return false;
    }
    if (at >= end || bytes[at] !== COMMA) return false;
    this.movieId = movieId;

    // A user is anything that needs no quotes. Only what sorts above the comma is taken here, which leaves out
    // quotes and line ends at the cost of one comparison a byte.
    const userStart = ++at;
    while (at < end && bytes[at] > COMMA) at++;
    if (at === userStart || at >= end || bytes[at] !== COMMA) return false;

    const rating = bytes[++at] - ZERO;
    if (at + 1 === end && rating >= 0 && rating <= 9) {
      this.rating = rating;
      return true;
    }
    if (at + 2 === end && rating === 1 && bytes[at + 1] === ZERO) {
      this.rating = RATING_MAX;
      return true;
    }
    return false;
  }

  #parseQuoted(start: number, end: number): boolean {
    const columns = csvColumns(this.#bytes, start, end);
    if (columns === undefined || columns.length !== 4) return false;
    const [date, movie, user, rating] = columns;
    if (!isMovieId(movie)) return false;
    if (user === "" || !/^([0-9]|10)$/.test(rating)) return false;
    if (!this.#readEventTime(date)) return false;
    this.movieId = Number(movie);
    this.rating = Number(rating);
    return true;
  }

  /** A date that is not the last one: read, and remembered. */
  #readDate(start: number): boolean {
    if (!this.#readEventTime(latin1(this.#bytes, start, start + DATE_BYTES))) return false;
    this.#dateWord0 = this.#view.getInt32(start);
    this.#dateWord1 = this.#view.getInt32(start + 4);
    this.#dateWord2 = this.#view.getInt16(start + 8);
    this.#dateTimeMs = this.eventTimeMs;
    this.#dateDay = this.day;
    return true;
  }

  #readEventTime(text: string): boolean {
    const timeMs = parseEventTime(text);
    if (timeMs === undefined) return false;
    this.eventTimeMs = timeMs;
    this.day = Math.floor(timeMs / MS_PER_DAY);
    return true;
  }
}

/** Whether the text is a movie id: a decimal number from 1 to 2^31 - 1 without leading zeros. */
export function isMovieId(text: string): boolean {
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= MOVIE_ID_MAX;
}

/**
 * The columns of one CSV line (RFC 4180) without its line end, or undefined where it is no single CSV line. Bytes
 * become characters one to one: no column that we read holds more than ASCII.
 */
export function csvColumns(bytes: Uint8Array, start: number, end: number): string[] | undefined {
  if (end > start && bytes[end - 1] === LINE_FEED) end--;
  if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
  const line = latin1(bytes, start, end);
  // Without a quote, CSV is what is between commas; the library would find the same, thirty times slower.
  if (!line.includes('"')) return /[\r\n]/.test(line) ? undefined : line.split(",");
  // A second line end: the library would take it for the first.
  if (/[\r\n]$/.test(line)) return undefined;
  try {
    const records = parseCsv(line, { record_delimiter: ["\n", "\r"], relax_column_count: true }) as string[][];
    return records.length === 1 ? records[0] : undefined;
  } catch {
    return undefined; // Broken quotes: the library's words for it would go nowhere.
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
