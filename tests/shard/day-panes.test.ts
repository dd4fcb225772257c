/** Sliding windows over day panes: each window's figures, in turn, also with late ratings and after a restart. */
import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/byte-stream.ts";
import { DayPanes } from "../../src/shard/day-panes.ts";

/** Ratings of a slot on a day. */
function add(panes: DayPanes, day: number, slot: number, count: number, sum: number): void {
  panes.add(day, Int32Array.of(slot, count, sum));
}

/** Closes every window up to `untilEnd`; `end slot:count:sum` of each that holds ratings, by slot. */
function close(panes: DayPanes, untilEnd: number, closedEnd = Number.NEGATIVE_INFINITY): string[] {
  const windows: string[] = [];
  let end = panes.nextEnd(closedEnd);
  while (end !== undefined && end <= untilEnd) {
    panes.runTo(end);
    const slots = panes.slotsOver(0).sort((a, b) => a - b);
    const figures = slots.map((slot) => `${slot}:${panes.runningCount(slot)}:${panes.runningSum(slot)}`);
    windows.push([end, ...figures].join(" "));
    panes.retire(end);
    end = panes.nextEnd(end);
  }
  return windows;
}

describe("windows of 3 days", () => {
  test("slide by one day, each with the figures of its own days", () => {
    const panes = new DayPanes(3, 1);
    add(panes, 10, 0, 1, 5);
    add(panes, 11, 0, 2, 6);
    add(panes, 11, 5000, 1, 0);
    add(panes, 14, 0, 1, 1);
    expect(panes.latestEnd()).toBe(17);
    expect(close(panes, 100)).toEqual([
      "11 0:1:5",
      "12 0:3:11 5000:1:0",
      "13 0:3:11 5000:1:0",
      "14 0:2:6 5000:1:0",
      "15 0:1:1",
      "16 0:1:1",
      "17 0:1:1",
    ]);
    expect([panes.nextEnd(17), panes.latestEnd()]).toEqual([undefined, undefined]);
  });

  test("jump over days without ratings, however many, and before 1970", () => {
    const panes = new DayPanes(3, 1);
    add(panes, -700_000, 0, 1, 4);
    add(panes, 2_000_000, 0, 1, 5);
    expect(close(panes, -699_997)).toEqual(["-699999 0:1:4", "-699998 0:1:4", "-699997 0:1:4"]);
    expect(panes.nextEnd(-699_997)).toBe(2_000_001);
  });

  test("take late ratings into those not closed yet only", () => {
    const panes = new DayPanes(3, 1);
    add(panes, 10, 0, 1, 5);
    add(panes, 12, 0, 1, 1);
    expect(close(panes, 12)).toEqual(["11 0:1:5", "12 0:1:5"]);
    add(panes, 10, 0, 1, 3);
    add(panes, 11, 1, 1, 2); // a day without a pane so far
    expect(close(panes, 15, 12)).toEqual(["13 0:3:9 1:1:2", "14 0:1:1 1:1:2", "15 0:1:1"]);
  });

  test("give those that reach the least count and the least mean", () => {
    const panes = new DayPanes(3, 2);
    add(panes, 10, 0, 2, 7);
    add(panes, 10, 1, 1, 10);
    add(panes, 11, 1, 1, 0);
    add(panes, 11, 2, 4, 16);
    const over = (end: number, meanMin: number) => {
      panes.runTo(end);
      const slots = panes.slotsOver(meanMin).sort((a, b) => a - b);
      panes.retire(end);
      return slots;
    };
    expect(over(11, 3.5)).toEqual([0]);
    expect(over(12, 3.5)).toEqual([0, 1, 2]);
    expect(over(13, 4)).toEqual([1, 2]);
    expect(over(14, 0)).toEqual([2]);
  });
});

test("after a restart amid the days, from a base and changes, the same windows follow", () => {
  const panes = new DayPanes(3, 1);
  const states: Uint8Array[] = [];
  const note = (all: boolean) => {
    const out = new ByteWriter();
    panes.write(out, all);
    states.push(out.finish());
  };
  add(panes, 10, 0, 1, 5);
  add(panes, 11, 1, 2, 6);
  note(true);
  close(panes, 11);
  add(panes, 12, 0, 1, 1);
  add(panes, 11, 1, 1, 4);
  note(false);
  const restored = new DayPanes(3, 1);
  for (const state of states) {
    const reader = new ByteReader(state);
    restored.read(reader);
    expect(reader.done).toBe(true);
  }
  restored.retire(11);
  const expected = ["12 0:1:5 1:3:10", "13 0:2:6 1:3:10", "14 0:1:1 1:3:10", "15 0:1:1"];
  expect(close(restored, 100, 11)).toEqual(expected);
  expect(close(panes, 100, 11)).toEqual(expected);
});

test("a window's figures may pass 32 bits", () => {
  const panes = new DayPanes(3, 1);
  for (const day of [10, 11, 12]) add(panes, day, 0, 2 ** 31 - 1, 2 ** 31 - 1);
  expect(close(panes, 13)[2]).toBe(`13 0:${3 * (2 ** 31 - 1)}:${3 * (2 ** 31 - 1)}`);
});
