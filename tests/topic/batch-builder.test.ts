/** The builder's batches, byte for byte those of the protocol guide. */
import { describe, expect, test } from "bun:test";
import { BatchBuilder, headerBlock } from "../../src/topic/batch-builder.ts";
import { Random } from "../generate/random.ts";
import { type NaiveRecord, naiveBatch } from "./naive-batch.ts";

/** Lengths on both sides of where a varint takes a byte more. */
const LENGTHS = [0, 1, 5, 63, 64, 100, 8191, 8192, 20_000];

describe("a batch builder", () => {
  test("writes keys and values as the protocol guide says, batch after batch", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const builder = new BatchBuilder(50_000);
    for (let round = 0; round < 60; round++) {
      const records: NaiveRecord[] = [];
      for (let count = random.whole(1, random.pick([1, 5, 300])); count > 0; count--) {
        const bytes = random.bytes(random.chance(0.1) ? random.pick(LENGTHS) : random.whole(0, 40));
        const from = random.whole(0, bytes.length);
        const key = random.chance(0.2) ? null : bytes.subarray(from, random.whole(from, bytes.length));
        const value = random.chance(0.1) ? null : bytes;
        const keyStart = key === null ? -1 : from;
        builder.add(bytes, keyStart, from + (key?.length ?? 0), bytes, value === null ? -1 : 0, bytes.length);
        records.push({ key, value });
      }
      expect(builder.count).toBe(records.length);
      const baseTimestampMs = random.pick([0, 1_700_000_000_000, 2 ** 45]);
      expect(builder.finish(baseTimestampMs)).toEqual(naiveBatch({ records, baseTimestampMs }));
    }
  });

  test("writes headers as the protocol guide says", () => {
    const random = new Random(1);
    const builder = new BatchBuilder(100);
    for (const count of [1, 2, 130]) {
      const records = Array.from({ length: count }, (): NaiveRecord => {
        const headers = Array.from({ length: random.pick([0, 1, 7, 70]) }, (_, index) => {
          return [`näme ${index}`, random.bytes(random.pick(LENGTHS.slice(0, 6)))] as const;
        });
        const key = random.chance(0.3) ? null : random.bytes(random.pick(LENGTHS));
        return { key, value: random.chance(0.3) ? null : random.bytes(random.pick(LENGTHS)), headers };
      });
      for (const { key, value, headers } of records) {
        builder.addWithHeaders(key, value, [headerBlock(headers as (readonly [string, Uint8Array])[])]);
      }
      expect(Buffer.from(builder.finish(5)).equals(naiveBatch({ records, baseTimestampMs: 5 }))).toBe(true);
    }
  });

  test("writes texts as it writes their bytes in UTF-8, however long", () => {
    const random = new Random(2);
    const headers = [["run", random.bytes(36)]] as const;
    const block = headerBlock(headers);
    for (const batchBytesMax of [100, 1_000_000]) {
      const builder = new BatchBuilder(batchBytesMax);
      for (const count of [1, 2, 130]) {
        const records = Array.from({ length: count }, (): NaiveRecord => {
          const value = Array.from({ length: random.pick([0, 1, 16, 64, 8192]) }, () =>
            random.pick([...'aé€😀"']),
          ).join("");
          const key = String(random.whole(1, 2 ** 31 - 1));
          builder.addTextsWithHeaders(key, value, block);
          return { key: new TextEncoder().encode(key), value: new TextEncoder().encode(value), headers };
        });
        expect(Buffer.from(builder.finish(5)).equals(naiveBatch({ records, baseTimestampMs: 5 }))).toBe(true);
      }
    }
  });

  test("says what fits, so that no batch is larger than its limit unless one record is", () => {
    const builder = new BatchBuilder(1000);
    const value = new Uint8Array(5000);
    const sizes: number[] = [];
    for (const bytes of [10, 300, 500, 300, 1, 5000, 20, 899, 2]) {
      if (!builder.fits(bytes)) sizes.push(builder.finish(0).length);
      builder.add(value, -1, -1, value, 0, bytes);
    }
    sizes.push(builder.finish(0).length);
    expect(sizes.filter((bytes) => bytes > 1000)).toHaveLength(1);
    expect(sizes.length).toBeGreaterThan(3);
    expect(() => builder.finish(0)).toThrow("a batch holds a record");
  });
});
