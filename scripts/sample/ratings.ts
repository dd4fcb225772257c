/**
 * The rating files of a sample, written in the order of time. Promises the same bytes for the same input, in constant
 * memory: rows are put as digits into one buffer, without a string or an object per row. Users are drawn evenly, so one
 * may rate a movie twice.
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { formatDay } from "../../src/calendar.ts";
import type { Movies } from "./movies.ts";
import { type Random, WORD_END } from "./random.ts";
import { firstDayOf, type RatingsFile, ROW_BYTES_MAX } from "./schedule.ts";

/** The highest user id of the original data. */
const USERS = 2_649_429;
const HEADER = "date,film_id,user_id,rate\n";

const BUFFER_BYTES = 1 << 20;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const DIGIT_ZERO = 0x30;

/** Writes `files`, which together have as many rows as all days, into the folder. Returns the bytes written. */
export function writeRatings(
  folder: string,
  files: readonly RatingsFile[],
  rowsOfDays: readonly number[],
  movies: Movies,
  random: Random,
): number {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let bytes = 0;
  const firstDay = firstDayOf(rowsOfDays.length);
  let dayIndex = -1;
  let leftOfDay = 0;
  let date = "";
  for (const { name, rows } of files) {
    const file = openSync(join(folder, name), "w");
    try {
      let end = buffer.write(HEADER, 0, "latin1");
      for (let left = rows; left > 0; ) {
        while (leftOfDay === 0) {
          leftOfDay = rowsOfDays[++dayIndex];
          date = `${formatDay(firstDay + dayIndex)},`;
        }
        const roomForRows = Math.floor((BUFFER_BYTES - end) / ROW_BYTES_MAX);
        if (roomForRows === 0) {
          bytes += writeAll(file, buffer, end);
          end = 0;
          continue;
        }
        const now = Math.min(left, leftOfDay, roomForRows);
        end = putRows(buffer, end, now, date, movies, random);
        left -= now;
        leftOfDay -= now;
      }
      bytes += writeAll(file, buffer, end);
    } finally {
      closeSync(file);
    }
  }
  return bytes;
}

/** Puts rows of one day into the buffer, from `start` on; returns where they end. */
function putRows(buffer: Buffer, start: number, rows: number, date: string, movies: Movies, random: Random): number {
  const dateBytes = Buffer.from(date, "latin1");
  let at = start;
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < dateBytes.length; index++) buffer[at++] = dateBytes[index];
    const rank = movies.drawRank(random);
    at = putNumber(buffer, at, movies.ids[rank]);
    buffer[at++] = COMMA;
    // The high bits of one word make the user, its low ones the rating.
    const word = random.word();
    at = putNumber(buffer, at, 1 + Math.floor((word / WORD_END) * USERS));
    buffer[at++] = COMMA;
    buffer[at++] = DIGIT_ZERO + movies.rating(rank, word & 0xff);
    buffer[at++] = LINE_FEED;
  }
  return at;
}

/** Puts a whole number from 1 to 9,999,999 as decimal digits; returns where they end. */
function putNumber(buffer: Buffer, start: number, number: number): number {
  let end = start + 1;
  for (let power = 10; power <= number; power *= 10) end++;
  let left = number;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (left / 10) | 0;
    buffer[at] = DIGIT_ZERO + left - tenth * 10;
    left = tenth;
  }
  return end;
}

function writeAll(file: number, buffer: Buffer, end: number): number {
  for (let written = 0; written < end; ) written += writeSync(file, buffer, written, end - written);
  return end;
}
