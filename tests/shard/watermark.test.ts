/** The watermark: a day behind the newest rating, never back, in days as windows ask for it. */
import { expect, test } from "bun:test";
import { Watermark } from "../../src/shard/watermark.ts";

const DAY_MS = 86_400_000;

test("before the first rating it lies before every day", () => {
  const watermark = new Watermark();
  expect(watermark.timeMs).toBe(Number.NEGATIVE_INFINITY);
  expect(watermark.day).toBe(Number.NEGATIVE_INFINITY);
  expect(watermark.isMovedBy(-719_162 * DAY_MS)).toBe(true);
});

test.each([
  [11_950 * DAY_MS, 11_949],
  [11_950 * DAY_MS - 1, 11_948],
  [11_951 * DAY_MS - 1, 11_949],
  [0, -1],
  [-1, -2],
])("a rating of %d ms takes it a day before that, and to day %d", (eventTimeMs, day) => {
  const watermark = new Watermark();
  watermark.observe(eventTimeMs);
  expect(watermark.timeMs).toBe(eventTimeMs - DAY_MS);
  expect(watermark.day).toBe(day);
});

test("it only rises", () => {
  const watermark = new Watermark();
  watermark.observe(100 * DAY_MS);
  expect(watermark.isMovedBy(100 * DAY_MS)).toBe(false);
  expect(watermark.isMovedBy(100 * DAY_MS + 1)).toBe(true);
  watermark.observe(50 * DAY_MS);
  watermark.raiseTo(98 * DAY_MS);
  expect(watermark.day).toBe(99);
  watermark.raiseTo(200 * DAY_MS);
  expect(watermark.day).toBe(200);
  expect(watermark.isMovedBy(201 * DAY_MS)).toBe(false);
});
