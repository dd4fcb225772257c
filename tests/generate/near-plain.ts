/**
 * Ratings of few dates, nearly all of them plain, as real data is, and between them lines that differ from a plain one
 * by a byte or two: for whatever reads plain lines in a hurry. Which of them are valid is the oracle's business.
 */
import type { Generated, GeneratedRecord } from "../generate.ts";
import type { Random } from "./random.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const START_DAY = 11_950; // 2002-09-20
/** Some are prefixes of others, some too large for a table of ids. */
const MOVIE_IDS = [1, 2, 12, 127, 1272, 12_725, 17_770, 32_768, 1_048_575, 1_048_576, 2_147_483_647];
/** Columns of a plain line, written with a slip; some are ratings all the same. */
const SLIPS: readonly ((date: string, movie: string, user: string, rating: string) => string)[] = [
  (date, movie, user, rating) => `${date},0${movie},${user},${rating}`,
  (date, movie, user, rating) => `${date},${movie}${movie}${movie},${user},${rating}`,
  (date, movie, user, rating) => `${date},${movie},${user},0${rating}`,
  (date, movie, user, rating) => `${date},${movie},${user},1${rating}`,
  (date, movie, user, rating) => `${date},${movie},${user},,${rating}`,
  (date, movie, user, rating) => `${date},${movie},${user},${rating},`,
  (date, movie, user, rating) => `${date},${movie},${user}\t,${rating}`,
  (date, movie, user, rating) => `${date}T00:00,${movie},${user},${rating}`,
  (date, movie, user, rating) => `${date}T12:00,${movie},${user},${rating}`,
  (date, movie, user, rating) => `${date}${movie},${user},${rating}`,
  (date, movie, user) => `${date},${movie},${user},`,
  (date, movie, user) => `${date},${movie},${user}`,
  (date, movie, _, rating) => `${date},${movie},,${rating}`,
  (date, movie, _, rating) => `${date},${movie},${rating}`,
  (date, _, user, rating) => `${date},,${user},${rating}`,
  (date, _, user, rating) => `${date},${user},${rating}`,
  // Taken for the digits of a movie, these bytes are the movie's very number.
  (date, movie, _, rating) => `${date},,\u0601=${movie.padStart(4, "0")},${rating}`,
];
const STRAY_BYTES = [...Buffer.from(",,,0123456789-\"' ./\r\n\0"), 0x80, 0xff];

/** This many records, at least half of them in long runs of one date; all movies have a title. */
export function generateNearPlain(random: Random, records: number): Generated {
  const partition: GeneratedRecord[] = [];
  let day = START_DAY;
  const oddLines = random.pick([0.03, 0.1, 0.3]);
  const timed = random.chance(0.5);
  while (partition.length < records) {
    if (random.chance(0.03)) day += random.pick([1, 1, 2, 30, -1]);
    const columns = plainColumns(random, day);
    const plain = columns.join(",");
    const slip = () => (random.chance(0.5) ? random.pick(SLIPS)(...columns) : changed(random, Buffer.from(plain)));
    const line = random.chance(oddLines) ? slip() : plain;
    const timestampMs = timed ? day * DAY_MS + random.pick([0, 0, 1, 1000, -1, -DAY_MS, -DAY_MS - 1]) : -1;
    partition.push({ line, timestampMs, kind: "ordinary", valid: line === plain });
  }
  return { partitions: [partition], titles: new Map(MOVIE_IDS.map((movieId) => [movieId, `Title of ${movieId}`])) };
}

function plainColumns(random: Random, day: number): [date: string, movie: string, user: string, rating: string] {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  const user = random.chance(0.02) ? "7".repeat(random.whole(20, 120)) : String(random.whole(1, 3_000_000));
  return [date, String(random.pick(MOVIE_IDS)), user, String(random.whole(0, random.pick([5, 10])))];
}

/** The line with a byte or two put in, taken out or replaced, at any place. */
function changed(random: Random, line: Uint8Array): Uint8Array {
  const bytes = [...line];
  for (let changes = random.whole(1, 2); changes > 0; changes--) {
    // Columns end and begin where mistakes are likeliest.
    const near = random.pick([10, 11, bytes.length - 2, bytes.length - 1, bytes.length, random.whole(0, bytes.length)]);
    const put = random.chance(0.7) ? [random.pick(STRAY_BYTES)] : [];
    bytes.splice(Math.min(near, bytes.length), random.whole(0, 1), ...put);
  }
  return Uint8Array.from(bytes);
}
