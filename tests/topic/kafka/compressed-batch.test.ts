/** Batches with their records compressed: what is set anew, what stays, and back to the same bytes. */
import { describe, expect, test } from "bun:test";
import { compressBatch, decompressBatch } from "../../../src/topic/kafka/compressed-batch.ts";
import { batchFault, readBatchHeader } from "../../../src/topic/record-batch.ts";
import { batchOf, TRANSACTIONAL, valuesOf } from "./fetched-fixture.ts";

const BATCH = {
  baseOffset: 70,
  baseTimestampMs: 5_000,
  maxTimestampMs: 9_000,
  producerId: 12,
  attributes: TRANSACTIONAL,
  records: valuesOf(40),
};

describe.each([1, 2, 3, 4])("with codec %p", (codec) => {
  test("a batch is smaller, says the same in its header, and comes back as it was", () => {
    const plain = batchOf(BATCH);
    const packed = compressBatch(plain, codec);
    const header = readBatchHeader(packed, 0);
    expect(packed.length).toBeLessThan(plain.length);
    expect(batchFault(packed, header)).toBeUndefined();
    const same = { bytes: 0, crc: 0, compression: 0 };
    expect({ ...header, ...same }).toEqual({ ...readBatchHeader(plain, 0), ...same });
    expect([header.bytes, header.compression]).toEqual([packed.length, codec]);
    expect(packed).toEqual(batchOf(BATCH, codec));
    expect(decompressBatch(packed, codec, "it")).toEqual(plain);
    expect(plain).toEqual(batchOf(BATCH));
  });

  test("a batch that would not be smaller stays as it is", () => {
    const plain = batchOf({ records: valuesOf(1) });
    expect(compressBatch(plain, codec)).toBe(plain);
  });
});

test("without a codec a batch stays as it is", () => {
  const plain = batchOf(BATCH);
  expect(compressBatch(plain, 0)).toBe(plain);
});
