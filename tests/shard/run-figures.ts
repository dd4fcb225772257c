/** Ratings of one day, for tests. */
import type { DayRatings } from "../../src/shard/day-run.ts";
import { ENTRY_WORDS } from "../../src/shard/lane-memory.ts";

/** What a run holds: by slot, count, sum and a bit for each rating value. */
export function figuresOf({ entries, values }: DayRatings): Map<number, readonly number[]> {
  const movies = Array.from(values, (bits, movie) => {
    const [slot, count, sum] = entries.subarray(movie * ENTRY_WORDS, (movie + 1) * ENTRY_WORDS);
    return [slot, [count, sum, bits]] as const;
  });
  return new Map(movies);
}

/** `count` ratings of one movie, with this sum, and a bit for each of their values. */
export function ratingsOf(slot: number, count: number, sum: number, values: number): DayRatings {
  return { ratings: count, entries: Int32Array.of(slot, count, sum), values: Uint16Array.of(values) };
}
