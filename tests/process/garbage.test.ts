/** When garbage is collected: after so many bytes, and a ballast that takes no memory. */
import { expect, test } from "bun:test";
import { BALLAST_BYTES, COLLECT_BYTES, Garbage } from "../../src/process/garbage.ts";

const MEGABYTE = 1024 * 1024;

test("all is collected each time that so many bytes were read, and not before", () => {
  let collections = 0;
  const garbage = new Garbage(() => collections++);
  const after: number[] = [];
  for (let read = 0; read < 3 * COLLECT_BYTES; read += COLLECT_BYTES / 4) {
    garbage.afterReading(COLLECT_BYTES / 4);
    after.push(collections);
  }
  expect(after).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]);
});

test("the ballast takes no memory, and is there until the topic's end is reached", () => {
  const before = process.memoryUsage();
  const garbage = new Garbage(() => {});
  const after = process.memoryUsage();
  expect(garbage.ballastBytes).toBe(BALLAST_BYTES);
  expect((after.rss - before.rss) / MEGABYTE).toBeLessThan(16);
  garbage.caughtUp();
  garbage.caughtUp();
  expect(garbage.ballastBytes).toBe(0);
});

test("where the runtime does not let us collect, all is left to it", () => {
  const garbage = new Garbage(undefined);
  garbage.afterReading(2 * COLLECT_BYTES);
  expect(garbage.ballastBytes).toBe(0);
});
