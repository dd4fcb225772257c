/** The order of the table's key, beside a plain sort of ids as texts. */
import { expect, test } from "bun:test";
import { RowColumns } from "../../src/row-columns.ts";
import { keyOrder } from "../../src/table/key-order.ts";
import { Random } from "../generate/random.ts";

const MONTH_S = 2_592_000;
const ID_MAX = 2 ** 31 - 1;

/** Rows of windows one after another, each with these ids in this order. */
function rowsOf(windows: readonly (readonly number[])[]): RowColumns {
  const rows = new RowColumns();
  for (const [index, ids] of windows.entries()) {
    for (const id of ids) rows.add(index * MONTH_S, id, `Title of ${id}`, 1, 1, 1, true);
  }
  return rows;
}

const idsInKeyOrder = (rows: RowColumns) => [...keyOrder(rows)].map((place) => rows.movieId[place]);
const asTexts = (ids: readonly number[]) => ids.map(String).sort().map(Number);
const rising = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

test("rising ids come in the order of their texts, the shorter of two first where one begins the other", () => {
  const ids = [1, 2, 9, 10, 11, 19, 20, 100, 101, 1000, 12_345, 1_000_000_000, 2_000_000_000, ID_MAX];
  expect(idsInKeyOrder(rowsOf([ids]))).toEqual(asTexts(ids));
  expect(idsInKeyOrder(rowsOf([[ID_MAX]]))).toEqual([ID_MAX]);
  expect(idsInKeyOrder(rowsOf([]))).toEqual([]);
});

test("each window keeps its rows, and windows their order", () => {
  const windows = [
    [3, 20, 100],
    [1, 5, 40, 50, 600],
  ];
  expect(idsInKeyOrder(rowsOf(windows))).toEqual(windows.flatMap(asTexts));
});

test("ids that do not rise stay as they are, each once", () => {
  for (const ids of [
    [20, 3, 100],
    [7, 7],
    [100, 20, 1],
  ]) {
    expect(idsInKeyOrder(rowsOf([ids]))).toEqual(ids);
  }
});

test("ids of all lengths, thousands in a window", () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  const windows = Array.from({ length: 5 }, () => {
    const ids = new Set(
      Array.from({ length: 3000 }, () => random.whole(1, Math.min(ID_MAX, 10 ** random.whole(1, 10)))),
    );
    return rising([...ids]);
  });
  expect(idsInKeyOrder(rowsOf(windows))).toEqual(windows.flatMap(asTexts));
});
