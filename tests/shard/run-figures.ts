/** What a day's run holds, for tests: by slot, in order of appearance, count, sum and a bit for each rating value. */
import { DayRun } from "../../src/shard/day-run.ts";
import { CELL_WORDS } from "../../src/shard/lane-memory.ts";

export function figuresOf({ slots, cells }: DayRun): Map<number, readonly number[]> {
  return new Map([...slots].map((slot) => [slot, [...cells.subarray(slot * CELL_WORDS, slot * CELL_WORDS + 3)]]));
}

/** A run of `count` ratings of one movie, with this sum. */
export function runOf(slot: number, count: number, sum: number): DayRun {
  const run = new DayRun();
  for (let rating = 0; rating < count; rating++) run.add(slot + 1, slot, rating === 0 ? sum : 0);
  return run;
}
