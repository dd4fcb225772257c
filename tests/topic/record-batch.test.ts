/** Batches taken apart: every record as it was written, and damage reported, never read past. */
import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { BATCH_HEADER_BYTES } from "../../src/topic/batch-layout.ts";
import { batchBytesAt, batchFault, readBatchHeader } from "../../src/topic/record-batch.ts";
import { recordsOf } from "../../src/topic/record-cursor.ts";
import { Random } from "../generate/random.ts";
import { type NaiveBatch, type NaiveRecord, naiveBatch, naiveCrc32c } from "./naive-batch.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const LOG_APPEND_TIME = 8;

/** Puts the right checksum on a batch that was changed. */
function checked(batch: Uint8Array): Uint8Array {
  new DataView(batch.buffer).setUint32(17, naiveCrc32c(batch, 21, batch.length));
  return batch;
}

function read(batch: Uint8Array): { offset: number; timestampMs: number; record: NaiveRecord }[] {
  const header = readBatchHeader(batch, 0);
  return [...recordsOf(batch, header)].map(({ offset, timestampMs, key, value, headers }) => {
    return { offset, timestampMs, record: { key, value, headers: [...headers] } };
  });
}

describe("a record batch", () => {
  test("is read as it was written, wherever it stands", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const some = (): Uint8Array | null =>
      random.chance(0.2) ? null : random.bytes(random.pick([0, 1, 30, 63, 64, 200, 9000]));
    for (let round = 0; round < 60; round++) {
      const records = Array.from({ length: random.whole(1, 30) }, (_, index) => ({
        key: some(),
        value: some(),
        headers: Array.from({ length: random.whole(0, 3) }, (_, name) => [`header ${name}`, some()] as const),
        timestampDelta: random.pick([0, 1, -1, 63, 64, 2 ** 31, -(2 ** 40)]),
        offsetDelta: index * 3,
      }));
      const baseOffset = random.pick([0, 7, 2 ** 31, 2 ** 52]);
      const batch = naiveBatch({ records, baseOffset, baseTimestampMs: 2 ** 41, producerId: 4_000_000_000 });
      const around = Uint8Array.from([...random.bytes(5), ...batch, ...random.bytes(70)]);
      const header = readBatchHeader(around, 5);
      expect(batchBytesAt(around, 5)).toBe(batch.length);
      expect(batchFault(around, header)).toBeUndefined();
      expect(header).toMatchObject({
        bytes: batch.length,
        baseOffset,
        producerId: 4_000_000_000,
        recordCount: records.length,
      });
      expect(header.lastOffset).toBe(baseOffset + (records.length - 1) * 3);
      const found = [...recordsOf(around, header)].map(({ headers, ...record }) => ({
        ...record,
        headers: [...headers],
      }));
      expect(found).toEqual(
        records.map(({ key, value, headers, timestampDelta, offsetDelta }) => {
          return {
            key,
            value,
            headers,
            timestampMs: 2 ** 41 + timestampDelta,
            offset: baseOffset + offsetDelta,
          } as never;
        }),
      );
    }
  });

  test("bears the broker's time in every record where the broker says so, and none where there is none", () => {
    const records = [0, 5].map((timestampDelta) => ({ key: null, value: bytesOf("a"), timestampDelta }));
    const times = (batch: NaiveBatch) => read(naiveBatch(batch)).map(({ timestampMs }) => timestampMs);
    expect(times({ records, baseTimestampMs: 100, maxTimestampMs: 105 })).toEqual([100, 105]);
    expect(times({ records, baseTimestampMs: 100, maxTimestampMs: 900, attributes: LOG_APPEND_TIME })).toEqual([
      900, 900,
    ]);
    const timeless = records.map((record) => ({ ...record, timestampDelta: 0 }));
    expect(times({ records: timeless, baseTimestampMs: -1, maxTimestampMs: -1 })).toEqual([-1, -1]);
  });

  test("recognizes transactional and control batches", () => {
    const header = (attributes: number) => readBatchHeader(naiveBatch({ attributes, records: [] }), 0);
    expect(header(0)).toMatchObject({ transactional: false, control: false, compression: 0 });
    expect(header(0x10)).toMatchObject({ transactional: true, control: false });
    expect(header(0x30)).toMatchObject({ transactional: true, control: true });
    expect(header(0x04)).toMatchObject({ compression: 4 });
    expect(read(naiveBatch({ records: [] }))).toEqual([]);
  });

  test("that is compressed is exit 4, before a record of it is given", () => {
    const batch = naiveBatch({ attributes: 2, baseOffset: 9, records: [{ key: null, value: bytesOf("a") }] });
    expect(() => read(batch)).toThrow(
      expect.objectContaining({ exitCode: 4, message: expect.stringContaining("offset 9") }),
    );
  });

  test("with one wrong byte is found faulty", () => {
    const batch = naiveBatch({ records: [{ key: bytesOf("1"), value: bytesOf("2002-09-20,1,2,3") }] });
    // The base offset and the leader epoch are the broker's to set: no checksum covers them.
    for (const at of Array.from(batch.keys()).filter((at) => at >= 8 && !(at >= 12 && at < 16))) {
      const damaged = Uint8Array.from(batch);
      damaged[at] ^= 0x20;
      expect(batchFault(damaged, readBatchHeader(damaged, 0))).toBeString();
    }
    expect(batchFault(batch.subarray(0, -1), readBatchHeader(batch, 0))).toBe("a batch cut short");
    expect(batchBytesAt(batch.subarray(0, 11), 0)).toBeUndefined();
  });

  test("with impossible contents and a right checksum is exit 4 or read, never a bug, never another's bytes", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const headers = [["name", bytesOf("content")]] as const;
    const whole = naiveBatch({
      records: Array.from({ length: 5 }, () => ({ key: bytesOf("1"), value: bytesOf("v"), headers })),
    });
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const damaged = Uint8Array.from(whole);
      for (let count = random.whole(1, 3); count > 0; count--) {
        damaged[random.whole(BATCH_HEADER_BYTES, damaged.length - 1)] = random.pick([
          0,
          1,
          2,
          127,
          128,
          255,
          random.whole(0, 255),
        ]);
      }
      // What lies behind is not the batch's: a record that reached into it would show.
      const others = Uint8Array.from([...checked(damaged), ...bytesOf("!".repeat(500))]);
      try {
        const records = [...recordsOf(others, readBatchHeader(others, 0))];
        const texts = records.flatMap(({ key, value, headers }) => [key, value, ...headers.values()]);
        expect(texts.filter((bytes) => bytes !== null && bytes.byteOffset + bytes.length > damaged.length)).toEqual([]);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.exitCode).toBe(4);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
