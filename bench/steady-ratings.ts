/**
 * Ratings in the sample's shape, made one batch at a time for producers at a steady rate: movies as popular as in the
 * sample, dates as the caller says. Pure except for chance, which its seed fixes: the same seed gives the same ratings.
 */
import { writeFileSync } from "node:fs";
import { Movies } from "../scripts/sample/movies.ts";
import { Random } from "../scripts/sample/random.ts";
import { BatchBuilder } from "../src/topic/batch-builder.ts";

/** Below the 1 MiB that brokers take by default, with records of 60 bytes at most. */
export const BATCH_RATINGS_MAX = 16_000;
const DATE_BYTES = 10;
/** The highest user id of the original data. */
const USERS = 2_649_429;
const SEED = 1;

/** A title for every movie, so that every rating shows in a row. */
export function writeAllTitles(path: string, movies: number): void {
  const lines = Array.from({ length: movies }, (_, index) => `${index + 1},2001,Film ${index + 1}\n`);
  writeFileSync(path, lines.join(""));
}

export class SteadyRatings {
  readonly #random = new Random(SEED);
  readonly #movies: Movies;
  readonly #builder = new BatchBuilder();
  readonly #encoder = new TextEncoder();

  constructor(movies: number) {
    this.#movies = new Movies(movies, this.#random);
  }

  /** A batch of `count` ratings, at most `BATCH_RATINGS_MAX`, of one date: good until the next. */
  batch(count: number, date: string, nowMs: number): Uint8Array {
    const random = this.#random;
    const movies = this.#movies;
    const keyEnds: number[] = [];
    const ends: number[] = [];
    let text = "";
    for (let rating = 0; rating < count; rating++) {
      const rank = movies.drawRank(random);
      const key = `${date},${movies.ids[rank]}`;
      keyEnds.push(text.length + key.length);
      text += `${key},${1 + random.below(USERS)},${movies.rating(rank, random.word() & 0xff)}`;
      ends.push(text.length);
    }
    // All of it at once: the text is ASCII, so a place in it is one in its bytes.
    const bytes = this.#encoder.encode(text);
    let start = 0;
    for (let rating = 0; rating < count; rating++) {
      this.#builder.add(bytes, start + DATE_BYTES + 1, keyEnds[rating], bytes, start, ends[rating]);
      start = ends[rating];
    }
    return this.#builder.finish(nowMs);
  }
}
