/** What a reader sees of a fetch response; damage is reported. Transactions: `aborted-transactions.test.ts`. */
import { describe, expect, test } from "bun:test";
import { DamagedBatch } from "../../../src/topic/contract.ts";
import { COMPRESSION_NAMES, compress } from "../../../src/topic/kafka/compression.ts";
import { DECOMPRESSED_SLICE_BYTES, readableBatches } from "../../../src/topic/kafka/fetched-batches.ts";
import { BATCH_BYTES_MAX, batchFault, readBatchHeader } from "../../../src/topic/record-batch.ts";
import { recordsOf } from "../../../src/topic/record-cursor.ts";
import { failure } from "../../failure.ts";
import { type NaiveBatch, naiveBatch, naiveCrc32c } from "../naive-batch.ts";
import {
  batchOf,
  bytesOf,
  CRC_AT,
  HEADER_BYTES,
  joined,
  marker,
  SOURCE,
  seen,
  TRANSACTIONAL,
  valuesOf,
} from "./fetched-fixture.ts";
import { JAVA_BASE_OFFSET, JAVA_PRODUCER_ID, JAVA_RECORDS, javaBatch, javaRecord } from "./java-batches.ts";

const errorOf = (fetched: Uint8Array) => failure(() => readableBatches(fetched, 0, [], SOURCE));

describe("batches that all may be seen", () => {
  const one = batchOf({ baseOffset: 5, records: valuesOf(3) });
  const two = batchOf({ baseOffset: 8, records: valuesOf(1), attributes: TRANSACTIONAL, producerId: 4 });

  test("are given as a view, whatever their checksum", () => {
    const fetched = joined(one, two);
    fetched[CRC_AT]++;
    const { bytes, nextOffset } = readableBatches(fetched, 5, [], SOURCE);
    expect(bytes.buffer).toBe(fetched.buffer);
    expect(bytes).toEqual(fetched);
    expect(nextOffset).toBe(9);
  });

  test("are given without a batch that is cut short at the end", () => {
    for (const cut of [1, 11, 12, 16, 17, 60, 61, two.length - 1]) {
      const fetched = joined(one, two.subarray(0, cut));
      const { bytes, nextOffset } = readableBatches(fetched, 5, [], SOURCE);
      expect(bytes.buffer).toBe(fetched.buffer);
      expect([bytes.length, nextOffset]).toEqual([one.length, 8]);
    }
  });

  test("are given without those that end before the offset asked for", () => {
    const fetched = joined(one, two);
    const { bytes, nextOffset } = readableBatches(fetched, 8, [], SOURCE);
    expect(bytes.buffer).toBe(fetched.buffer);
    expect([seen(bytes), nextOffset]).toEqual([["8 value 0"], 9]);
    expect(seen(readableBatches(fetched, 7, [], SOURCE).bytes)).toHaveLength(4);
    expect(readableBatches(fetched, 20, [], SOURCE)).toEqual({ bytes: new Uint8Array(0), isOwn: true, nextOffset: 20 });
  });

  test("none there: nothing, and the offset asked for", () => {
    for (const fetched of [new Uint8Array(0), one.subarray(0, 40)]) {
      expect(readableBatches(fetched, 7, [], SOURCE)).toEqual({ bytes: new Uint8Array(0), isOwn: true, nextOffset: 7 });
    }
  });
});

describe("compressed batches", () => {
  test.each([1, 2, 3, 4])("of codec %p are given as if they never had been", (codec) => {
    const batch: NaiveBatch = {
      baseOffset: 70,
      baseTimestampMs: 5_000,
      maxTimestampMs: 9_000,
      producerId: 12,
      attributes: TRANSACTIONAL | 8,
      records: [...valuesOf(40), { key: bytesOf("k"), value: null, offsetDelta: 90 }],
    };
    const plain = batchOf({ baseOffset: 200, records: valuesOf(2) });
    const fetched = joined(plain, batchOf(batch, codec), plain, plain.subarray(0, 50));
    const { bytes, isOwn, nextOffset } = readableBatches(fetched, 0, [], SOURCE);
    expect(bytes).toEqual(joined(plain, naiveBatch(batch), plain));
    expect(isOwn).toBe(true);
    expect(nextOffset).toBe(202);
    expect(readableBatches(fetched, 0, [], SOURCE).bytes).toEqual(bytes);
  });

  test.each(COMPRESSION_NAMES.slice(1))("that Java's client wrote with %s are read", (name) => {
    const { bytes, nextOffset } = readableBatches(javaBatch(name as "gzip"), JAVA_BASE_OFFSET, [], SOURCE);
    const header = readBatchHeader(bytes, 0);
    expect(batchFault(bytes, header)).toBeUndefined();
    expect(header).toMatchObject({ compression: 0, producerId: JAVA_PRODUCER_ID, bytes: bytes.length });
    const text = (field: Uint8Array | null) => new TextDecoder().decode(field ?? undefined);
    const records = [...recordsOf(bytes, header)].map(({ key, value, offset, timestampMs }) => {
      return { offset, timestampMs, key: text(key), value: text(value) };
    });
    expect(records).toEqual(Array.from({ length: JAVA_RECORDS }, (_, index) => javaRecord(index)));
    expect(nextOffset).toBe(JAVA_BASE_OFFSET + JAVA_RECORDS);
  });

  test("that become too much together are left for the next fetch", () => {
    const value = new Uint8Array(DECOMPRESSED_SLICE_BYTES);
    const plain = naiveHeaderOnly(0, value.length);
    const fetched = joined(plain, batchOf({ baseOffset: 1, records: valuesOf(2) }, 4));
    const first = readableBatches(fetched, 0, [], SOURCE);
    expect(first.nextOffset).toBe(1);
    const second = readableBatches(fetched, 1, [], SOURCE);
    expect([seen(second.bytes), second.nextOffset]).toEqual([["1 value 0", "2 value 1"], 3]);
  });

  /** A batch of zstd that becomes this many zeros; they make no records, which nobody reads here. */
  function naiveHeaderOnly(baseOffset: number, length: number): Uint8Array {
    const bytes = joined(
      batchOf({ baseOffset, records: valuesOf(1) }, 4).subarray(0, HEADER_BYTES),
      compress(4, new Uint8Array(length)),
    );
    const view = new DataView(bytes.buffer);
    view.setInt32(8, bytes.length - 12);
    view.setUint32(CRC_AT, naiveCrc32c(bytes, 21, bytes.length));
    return bytes;
  }
});

describe("damage", () => {
  const damaged = (batch: Uint8Array, change: (view: DataView) => void): Uint8Array => {
    const fetched = joined(batch);
    change(new DataView(fetched.buffer));
    return fetched;
  };
  const plain = batchOf({ baseOffset: 30, records: valuesOf(2) });

  test.each([0, 1])("message format v%p is told", (magic) => {
    for (const fetched of [
      damaged(plain, (view) => view.setInt8(16, magic)),
      damaged(plain.slice(0, 30), (view) => {
        view.setInt8(16, magic);
        view.setInt32(8, 18);
      }),
    ]) {
      const error = errorOf(fetched);
      expect(error.exitCode).toBe(4);
      expect(error.message).toBe(`${SOURCE} holds an older message format (v${magic}) at offset 30`);
    }
  });

  test.each([
    ["a negative length", (view: DataView) => view.setInt32(8, -13), "a batch length of -1"],
    ["a length that holds no header", (view: DataView) => view.setInt32(8, 48), "a batch length of 60"],
    [
      "a huge length",
      (view: DataView) => view.setInt32(8, BATCH_BYTES_MAX),
      `a batch length of ${BATCH_BYTES_MAX + 12}`,
    ],
    ["a later message format", (view: DataView) => view.setInt8(16, 3), "the unknown message format 3"],
  ] as const)("%s is exit 4", (_, change, fault) => {
    const error = errorOf(damaged(plain, change));
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe(`${SOURCE} has ${fault} at offset 30`);
  });

  test("comes after what stands before it in the same fetch", () => {
    const before = batchOf({ baseOffset: 10, records: valuesOf(2) });
    const broken: Uint8Array[] = [
      damaged(plain, (view) => view.setInt8(16, 1)),
      damaged(plain, (view) => view.setInt32(8, 48)),
      damaged(plain, (view) => {
        view.setInt16(21, 4);
        view.setUint32(CRC_AT, naiveCrc32c(new Uint8Array(view.buffer), 21, plain.length));
      }),
    ];
    for (const batch of broken) {
      const fetched = joined(before, batch, before);
      const { bytes, nextOffset } = readableBatches(fetched, 10, [], SOURCE);
      expect([seen(bytes), nextOffset]).toEqual([["10 value 0", "11 value 1"], 12]);
      // Met again where it is the first, also behind batches that end before the offset asked for.
      for (const rest of [fetched, batch]) {
        expect(() => readableBatches(rest, 12, [], SOURCE)).toThrow(DamagedBatch);
      }
    }
  });

  test("what has a wrong checksum is neither decompressed nor left out: its reader is to judge it", () => {
    for (const batch of [batchOf({ baseOffset: 30, records: valuesOf(2) }, 3), marker("abort", 1, 30)]) {
      const fetched = damaged(batch, (view) => view.setUint8(batch.length - 1, view.getUint8(batch.length - 1) ^ 1));
      expect(readableBatches(fetched, 30, [], SOURCE).bytes).toEqual(fetched);
    }
  });

  test("data that cannot be decompressed names batch and source", () => {
    const batch = damaged(plain, (view) => {
      view.setInt16(21, 3);
      view.setUint32(CRC_AT, naiveCrc32c(new Uint8Array(view.buffer), 21, plain.length));
    });
    const error = errorOf(batch);
    expect(error.exitCode).toBe(4);
    expect(error.message).toStartWith(`the batch at offset 30 of ${SOURCE} cannot be decompressed`);
  });
});
