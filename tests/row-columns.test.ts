/** Rows as columns: what was pushed comes back, row by row and column by column, however many there are. */
import { expect, test } from "bun:test";
import type { Row } from "../src/epoch.ts";
import { RowColumns } from "../src/row-columns.ts";

const INTEGER_MAX = 2 ** 31 - 1;

function rowAt(place: number): Row {
  const windowStart = (place - 3) * 30 * 86_400;
  return { windowStart, movieId: place + 1, title: `${place}`, ratingCount: place, ratingSum: 3, uniqueRatingCount: 1 };
}

test.each([0, 1, 64, 65, 1000])("%d rows come back as they were", (count) => {
  const rows = Array.from({ length: count }, (_, place) => rowAt(place));
  for (const columns of [RowColumns.of(rows), new RowColumns(count)]) {
    if (columns.length === 0) for (const row of rows) columns.push(row);
    expect([...columns]).toEqual(rows);
    expect(columns.length).toBe(count);
    const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = columns;
    for (const column of [windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount]) {
      expect(column.length).toBe(count);
    }
    expect([...windowStart]).toEqual(rows.map((row) => row.windowStart));
    expect([...title]).toEqual(rows.map((row) => row.title));
  }
});

test("those that are new and the others part, in order, and are itself where all are", () => {
  const columns = new RowColumns();
  for (let place = 0; place < 300; place++) columns.push(rowAt(place), place % 3 === 0);
  const [fresh, others] = [true, false].map((areNew) => columns.which({ areNew }));
  expect([...fresh].map(({ ratingCount }) => ratingCount)).toEqual(Array.from({ length: 100 }, (_, at) => at * 3));
  expect([...others]).toEqual([...columns].filter(({ ratingCount }) => ratingCount % 3 !== 0));
  expect(fresh.which({ areNew: true })).toBe(fresh);
  expect(fresh.which({ areNew: false }).length).toBe(0);
});

test("rows that were handed over are columns of numbers elsewhere, and no longer here", () => {
  const columns = new RowColumns();
  for (let place = 0; place < 100; place++) columns.push(rowAt(place));
  const { length, windowStart, movieId } = columns.handOver();
  expect([length, windowStart[99], movieId[99]]).toEqual([100, rowAt(99).windowStart, 100]);
  columns.release();
  expect([columns.length, [...columns]]).toEqual([0, []]);
  columns.push(rowAt(7), true);
  expect([[...columns], columns.which({ areNew: true }).length]).toEqual([[rowAt(7)], 1]);
});

test("the largest and the smallest that a row can hold come back", () => {
  const title = "ü".repeat(128);
  const largest = { movieId: INTEGER_MAX, ratingCount: INTEGER_MAX, ratingSum: INTEGER_MAX, uniqueRatingCount: 11 };
  // The first and the last window of the years 0001 to 9999.
  const rows = [-62_135_596_800, 253_402_300_799].map((windowStart) => ({ windowStart, title, ...largest }));
  expect([...RowColumns.of(rows)]).toEqual(rows);
});
