/** One day's additions: none is lost, however many there are, and an epoch notes the new ones only. */
import { expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/byte-stream.ts";
import { DayPane } from "../../src/shard/day-pane.ts";
import { ENTRY_WORDS } from "../../src/shard/lane-memory.ts";
import { Random } from "../generate/random.ts";

const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const INT32_MAX = 2 ** 31 - 1;
/** Long, for machines under load. */
const TIMEOUT_MS = 60_000;

/** Count and sum of each slot, all additions together. */
function totals(pane: DayPane): Map<number, [number, number]> {
  const sums = new Map<number, [number, number]>();
  const entries = pane.entries();
  for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
    const [slot, count, sum] = entries.subarray(at, at + ENTRY_WORDS);
    const [counts, sumsOfSlot] = sums.get(slot) ?? [0, 0];
    sums.set(slot, [counts + count, sumsOfSlot + sum]);
  }
  return sums;
}

/** Notes what changed in one pane, or all, and has another read it. */
function copy(from: DayPane, into: DayPane, all: boolean): void {
  const out = new ByteWriter();
  from.write(out, all);
  const reader = new ByteReader(out.finish());
  into.read(reader);
  expect(reader.done).toBe(true);
}

test(
  `a pane and what its epochs noted agree with a plain sum, at every epoch (TEST_SEED=${SEED})`,
  () => {
    const random = new Random(SEED);
    // Past 32,768 entries those of one movie are joined.
    for (const [movies, additions, atOnce] of [
      [1, 100_000, 1],
      [3, 2000, 7],
      [200, 100_000, 100],
      [30_000, 100_000, 1],
      [60_000, 150_000, 40_000],
    ]) {
      let pane = new DayPane(11_950);
      let noted = new DayPane(11_950);
      const plain = new Map<number, [number, number]>();
      const entries: number[] = [];
      for (let addition = 0; addition < additions; addition++) {
        const [slot, count, sum] = [random.whole(0, movies - 1), random.whole(1, 5), random.whole(0, 50)];
        entries.push(slot, count, sum);
        const [counts, sums] = plain.get(slot) ?? [0, 0];
        plain.set(slot, [counts + count, sums + sum]);
        const isCopied = random.chance(30 / additions) || addition === additions - 1;
        if (!isCopied && entries.length < atOnce * ENTRY_WORDS) continue;
        pane.add(Int32Array.from(entries.splice(0)));
        if (!isCopied) continue;
        if (random.chance(0.2)) noted = new DayPane(11_950);
        copy(pane, noted, noted.entries().length === 0);
        expect(pane.changed).toBe(false);
        expect(totals(noted)).toEqual(plain);
        // The process dies here, and a pane read from what was noted goes on.
        if (!random.chance(0.2)) continue;
        pane = new DayPane(11_950);
        copy(noted, pane, true);
        noted = new DayPane(11_950);
      }
      expect(totals(pane)).toEqual(plain);
    }
  },
  TIMEOUT_MS,
);

test("many additions of few movies stay few, and an epoch notes only the new ones", () => {
  const pane = new DayPane(0);
  for (let addition = 0; addition < 300_000; addition++) pane.add(Int32Array.of(addition % 3, 1, 4));
  expect(pane.entries().length / ENTRY_WORDS).toBeLessThanOrEqual(32 * 1024);
  expect(totals(pane).get(1)).toEqual([100_000, 400_000]);
  copy(pane, new DayPane(0), true);
  expect(pane.changed).toBe(false);
  pane.add(Int32Array.of(1, 1, 4));
  expect(pane.changed).toBe(true);
  const out = new ByteWriter();
  pane.write(out, false);
  expect([...out.finish()]).toEqual([0, 1, 1, 1, 4]);
});

test("figures that would pass 32 bits together stay apart", () => {
  const pane = new DayPane(0);
  for (let addition = 0; addition < 40_000; addition++) {
    pane.add(Int32Array.of(0, 1, INT32_MAX));
    pane.add(Int32Array.of(1, INT32_MAX, 1));
  }
  const expected = new Map<number, [number, number]>([
    [0, [40_000, 40_000 * INT32_MAX]],
    [1, [40_000 * INT32_MAX, 40_000]],
  ]);
  expect(totals(pane)).toEqual(expected);
  const noted = new DayPane(0);
  copy(pane, noted, true);
  expect(totals(noted)).toEqual(expected);
});
