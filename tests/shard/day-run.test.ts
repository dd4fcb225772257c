/** A run of one day's ratings: per movie, each once, and empty again after it was taken. */
import { expect, test } from "bun:test";
import { DayRun } from "../../src/shard/day-run.ts";
import { figuresOf } from "./run-figures.ts";

/** Slot and figures of each movie, by slot, then the number of ratings. */
function taken(run: DayRun): number[][] {
  const ratings = run.take();
  const movies = [...figuresOf(ratings)].map(([slot, figures]) => [slot, ...figures]);
  return [...movies.sort(([a], [b]) => a - b), [ratings.ratings]];
}

test("gathers count, sum and a bit for each rating value, by movie", () => {
  const run = new DayRun();
  expect(run.empty).toBe(true);
  for (const [slot, rating] of [
    [7, 4],
    [0, 0],
    [7, 5],
    [7, 4],
    [0, 0],
    [1, 10],
  ]) {
    run.add(slot + 1, slot, rating);
  }
  expect(run.empty).toBe(false);
  expect(taken(run)).toEqual([[0, 2, 0, 1], [1, 1, 10, 1 << 10], [7, 3, 13, 0b110000], [6]]);
});

test("is empty after it was taken, and takes slots of any size", () => {
  const run = new DayRun();
  run.add(9, 3, 5);
  run.add(2_000_000_000, 200_000, 2);
  expect(taken(run)).toEqual([[3, 1, 5, 1 << 5], [200_000, 1, 2, 1 << 2], [2]]);
  expect(run.empty).toBe(true);
  expect(taken(run)).toEqual([[0]]);
  run.add(2_000_000_000, 200_000, 1);
  expect(taken(run)).toEqual([[200_000, 1, 1, 1 << 1], [1]]);
});

test("is full before a movie has more ratings than a cell can count", () => {
  const run = new DayRun();
  let ratings = 0;
  for (; !run.full; ratings++) run.add(8, 7, 10);
  expect(ratings).toBe(2 ** 24 - 1);
  expect(taken(run)).toEqual([[7, ratings, ratings * 10, 1 << 10], [ratings]]);
  expect([run.full, run.empty]).toEqual([false, true]);
});
