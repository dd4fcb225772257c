/** The 30-day windows: their days, exact figures, what an epoch notes of them, and the table's limit. */
import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/byte-stream.ts";
import {
  INTEGER_MAX,
  type TumblingWindow,
  WindowStore,
  windowEndDay,
  windowIndexOf,
} from "../../src/shard/window-store.ts";
import { ratingsOf } from "./run-figures.ts";

function figures(window: TumblingWindow | undefined, slot: number): number[] | undefined {
  return window && [window.countOf(slot), window.sumOf(slot), window.distinctOf(slot)];
}

/** Writes one store's changes, or all of it, into another. */
function copy(from: WindowStore, into: WindowStore, all: boolean): void {
  const out = new ByteWriter();
  from.write(out, all);
  into.read(new ByteReader(out.finish()));
}

test.each([
  [0, 0],
  [29, 0],
  [30, 1],
  [-1, -1],
  [-30, -1],
  [-31, -2],
  [11_950, 398],
])("day %d lies in window %d, and before its end", (day, index) => {
  expect(windowIndexOf(day)).toBe(index);
  expect(windowEndDay(index)).toBeGreaterThan(day);
  expect(windowEndDay(index)).toBeLessThanOrEqual(day + 30);
});

describe("a window", () => {
  test("holds count, sum and distinct values of each movie", () => {
    const window = new WindowStore().open(398);
    window.add(ratingsOf(2, 3, 9, 0b1000));
    window.add(ratingsOf(2, 1, 10, 1 << 10));
    window.add(ratingsOf(2, 2, 0, 0b0001));
    window.add(ratingsOf(100_000, 1, 5, 0b100000));
    expect(figures(window, 2)).toEqual([6, 19, 3]);
    expect(figures(window, 100_000)).toEqual([1, 5, 1]);
    expect(window.countOf(3)).toBe(0);
    expect(window.countOf(1_000_000)).toBe(0);
    expect([...window.filledSlots()]).toEqual([2, 100_000]);
  });

  test("takes the ratings of many movies at once, and grows amid them", () => {
    const window = new WindowStore().open(398);
    window.add({
      ratings: 3,
      entries: Int32Array.of(2, 1, 4, 100_000, 2, 9),
      values: Uint16Array.of(0b10000, 0b110000),
    });
    window.add({ ratings: 2, entries: Int32Array.of(100_000, 1, 1, 3, 1, 5), values: Uint16Array.of(0b10, 0b100000) });
    expect([2, 3, 100_000].map((slot) => figures(window, slot))).toEqual([
      [1, 4, 1],
      [1, 5, 1],
      [3, 10, 3],
    ]);
    expect([...window.changedSlots]).toEqual([2, 100_000, 3]);
  });

  test("names each changed cell once, until the epoch", () => {
    const store = new WindowStore();
    const window = store.open(398);
    for (const slot of [5, 1, 5]) window.add(ratingsOf(slot, 1, 0, 1));
    expect([...window.changedSlots]).toEqual([5, 1]);
    expect(store.changedCells).toBe(2);
    store.write(new ByteWriter(), false);
    expect(store.changedCells).toBe(0);
    window.touch(1);
    window.touch(1);
    window.touch(2); // no rating of it: no row to hand out
    expect([...window.changedSlots]).toEqual([1]);
    expect(figures(window, 1)).toEqual([1, 0, 1]);
  });

  test("takes counts and sums up to INTEGER, and one more is exit 4", () => {
    const beyond = expect.objectContaining({
      exitCode: 4,
      message: "a count or sum of the window that starts at day 11940 is beyond INTEGER (2147483647)",
    });
    const caught = (add: (window: TumblingWindow) => void) => {
      const window = new WindowStore().open(398);
      window.add(ratingsOf(0, INTEGER_MAX, 1, 0b10));
      window.add(ratingsOf(1, 1, INTEGER_MAX, 0b10));
      expect([figures(window, 0), figures(window, 1)]).toEqual([
        [INTEGER_MAX, 1, 1],
        [1, INTEGER_MAX, 1],
      ]);
      try {
        add(window);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(caught((window) => window.add(ratingsOf(0, 1, 0, 1)))).toEqual(beyond);
    expect(caught((window) => window.add(ratingsOf(1, 1, 1, 0b10)))).toEqual(beyond);
    expect(caught((window) => window.add(ratingsOf(1, 1, 0, 1)))).toBeUndefined();
  });
});

describe("a store", () => {
  test("knows its windows in order", () => {
    const store = new WindowStore();
    expect([store.firstIndex(), store.latestEnd(), store.count]).toEqual([undefined, undefined, 0]);
    for (const index of [3, -2, 7]) store.open(index);
    expect([store.firstIndex(), store.latestEnd(), store.count]).toEqual([-2, 240, 3]);
    expect(store.inOrder().map(({ index }) => index)).toEqual([-2, 3, 7]);
    store.drop(-2);
    store.drop(7);
    expect([store.firstIndex(), store.latestEnd(), store.get(7)]).toEqual([3, 120, undefined]);
  });

  test("is the same again from a base and what changed since", () => {
    const store = new WindowStore();
    const restored = new WindowStore();
    store.open(1).add(ratingsOf(4, 2, 7, 0b11000));
    store.open(-5).add(ratingsOf(2000, INTEGER_MAX, INTEGER_MAX, 0b11111111111));
    copy(store, restored, true);
    store.get(1)?.add(ratingsOf(4, 1, 1, 0b10));
    store.get(1)?.add(ratingsOf(5, 1, 0, 1));
    store.open(2).add(ratingsOf(0, 1, 3, 0b1000));
    copy(store, restored, false);
    expect(figures(restored.get(1), 4)).toEqual([3, 8, 3]);
    expect(figures(restored.get(1), 5)).toEqual([1, 0, 1]);
    expect(figures(restored.get(2), 0)).toEqual([1, 3, 1]);
    expect(figures(restored.get(-5), 2000)).toEqual([INTEGER_MAX, INTEGER_MAX, 11]);
    expect(restored.changedCells).toBe(0);
    // No table can have the row of a cell that no epoch had; what was restored was in one.
    store.get(1)?.add(ratingsOf(6, 1, 0, 1));
    expect([4, 5, 6].map((slot) => store.get(1)?.isNew(slot))).toEqual([false, false, true]);
    expect([4, 5, 6].map((slot) => restored.get(1)?.isNew(slot))).toEqual([false, false, true]);
    copy(store, restored, false);
    const unchanged = new ByteWriter();
    store.write(unchanged, false);
    expect([...unchanged.finish()]).toEqual([0]); // a checkpoint costs what changed
  });
});
