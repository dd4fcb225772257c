/** Rows for COPY: taken apart again by a reader of the binary format that shares no code with what made them. */

import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import type { Row } from "../../src/epoch.ts";
import { RowColumns } from "../../src/row-columns.ts";
import { copyRows } from "../../src/table/copy-rows.ts";
import { Random } from "../generate/random.ts";

/** PostgreSQL manual, COPY, "Binary Format". */
function rowsIn(bytes: Buffer): Row[] {
  expect(bytes.subarray(0, 19)).toEqual(Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1"));
  const rows: Row[] = [];
  let at = 19;
  const field = (): Buffer => {
    const length = bytes.readInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  const integer = () => {
    const bytes = field();
    expect(bytes.length).toBe(4);
    return bytes.readInt32BE(0);
  };
  for (let fields = bytes.readInt16BE(at); fields !== -1; fields = bytes.readInt16BE(at)) {
    expect(fields).toBe(6);
    at += 2;
    const windowStart = Number(field().readBigInt64BE(0));
    const movieId = Number(field().toString());
    const title = field().toString();
    rows.push({
      windowStart,
      movieId,
      title,
      ratingCount: integer(),
      ratingSum: integer(),
      uniqueRatingCount: integer(),
    });
  }
  expect(at).toBe(bytes.length - 2);
  return rows;
}

const made = (rows: readonly Row[]) => rowsIn(Buffer.concat([...copyRows(RowColumns.of(rows))]));

test("no row", () => {
  expect(made([])).toEqual([]);
});

test("the least and the most that fields hold", () => {
  const most = 2 ** 31 - 1;
  const rows: Row[] = [
    { windowStart: -62_135_596_800, movieId: 1, title: "", ratingCount: 1, ratingSum: 0, uniqueRatingCount: 1 },
    { windowStart: 0, movieId: 9, title: "é", ratingCount: 1, ratingSum: 1, uniqueRatingCount: 1 },
    {
      windowStart: 253_402_300_799,
      movieId: 10,
      title: "😀".repeat(128),
      ratingCount: 255,
      ratingSum: 256,
      uniqueRatingCount: 2,
    },
    {
      windowStart: 2_592_000,
      movieId: most,
      title: "x".repeat(128),
      ratingCount: most,
      ratingSum: most,
      uniqueRatingCount: 11,
    },
  ];
  expect(made(rows)).toEqual(rows);
});

test("ids of all lengths, more rows than a chunk has, and more titles", () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  const titles = ["K-Pax", "Čapek 😀", "", "\ufeffa mark", "é".repeat(128), "x".repeat(100)];
  const rows = Array.from(
    { length: 10_000 },
    (_, at): Row => ({
      // Never that of the row before: rows of one window have an order.
      windowStart: ((at % 2001) - 1000) * 2_592_000,
      movieId: random.whole(1, 10 ** random.whole(1, 9)),
      title: `${titles[at % titles.length]}`,
      ratingCount: random.whole(1, 10 ** random.whole(1, 9)),
      ratingSum: random.whole(0, 10 ** random.whole(1, 9)),
      uniqueRatingCount: random.whole(1, 11),
    }),
  );
  expect(made(rows)).toEqual(rows);
});

test("ids on both sides of a power of ten", () => {
  const powers = Array.from({ length: 9 }, (_, digits) => 10 ** (digits + 1));
  const ids = powers.flatMap((power) => [power - 1, power, power + 1]);
  const rows = ids.map((movieId, at): Row => {
    const figures = { ratingCount: 1, ratingSum: 2, uniqueRatingCount: 1 };
    return { windowStart: at * 2_592_000, movieId, title: "", ...figures };
  });
  expect(made(rows)).toEqual(rows);
});

test("rows of a window whose ids rise come in the order of the key, each with its own fields", () => {
  const rows = Array.from({ length: 12_000 }, (_, at): Row => {
    const figures = { ratingCount: at + 1, ratingSum: at * 3, uniqueRatingCount: (at % 5) + 1 };
    return { windowStart: 2_592_000, movieId: at + 1, title: `Title of ${at + 1}`, ...figures };
  });
  const byText = [...rows].sort((a, b) => (String(a.movieId) < String(b.movieId) ? -1 : 1));
  expect(made(rows)).toEqual(byText);
});
