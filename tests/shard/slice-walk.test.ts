/** The walk through slices: every record from the offset asked for, in order, and no batch whose bytes are damaged. */
import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/byte-stream.ts";
import { SliceWalk } from "../../src/shard/slice-walk.ts";
import { BATCH_CRC_AT, BATCH_CRC_FROM, BATCH_HEADER_BYTES } from "../../src/topic/batch-layout.ts";
import { DamagedBatch } from "../../src/topic/contract.ts";
import { crc32c } from "../../src/topic/crc32c.ts";
import { failure } from "../failure.ts";
import { recordBatch } from "./ratings-log.ts";

const EVERYTHING = Number.POSITIVE_INFINITY;
const THREE = recordBatch(["a", "b", "c"], 0);
const TWO = recordBatch(["d", null], 3);
const LATER = recordBatch(["f"], 100);

/** Walks to the end, from `fromOffset` on as the shard does; `offset:value` of each record. */
function walk(slice: Uint8Array, { from = 0, end = EVERYTHING, by = new SliceWalk("the topic") } = {}): string[] {
  const records: string[] = [];
  by.load(slice, end);
  for (let offset = from; by.next(offset); offset = by.cursor.offset + 1) {
    const value = by.value();
    records.push(`${by.cursor.offset}:${value === null ? null : Buffer.from(value)}`);
  }
  return records;
}

/** A copy of the batch with some bytes changed, and a checksum that is right again. */
function edited(batch: Uint8Array, edit: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const bytes = batch.slice();
  const view = new DataView(bytes.buffer);
  edit(bytes, view);
  view.setUint32(BATCH_CRC_AT, crc32c(bytes, BATCH_CRC_FROM, bytes.length));
  return bytes;
}

describe("records", () => {
  test("come from batch after batch, over gaps between them", () => {
    const walked = new SliceWalk("the topic");
    expect(walk(Buffer.concat([THREE, TWO, LATER]), { by: walked })).toEqual([
      ..."0:a 1:b 2:c 3:d 4:null 100:f".split(" "),
    ]);
    expect(walked.passedOffset).toBe(101);
    expect(walk(new Uint8Array(0))).toEqual([]);
  });

  test.each([
    [2, "2:c 3:d 4:null 100:f"],
    [3, "3:d 4:null 100:f"],
    [4, "4:null 100:f"],
    [5, "100:f"],
    [50, "100:f"],
  ])("begin at offset %d, also amid a batch or a gap", (from, records) => {
    expect(walk(Buffer.concat([THREE, TWO, LATER]), { from })).toEqual(records.split(" "));
  });

  test("before the offset asked for are none: a slice that was passed already", () => {
    const walked = new SliceWalk("the topic");
    expect(walk(Buffer.concat([THREE, TWO]), { from: 5, by: walked })).toEqual([]);
    expect(walked.lastBatch).toBeUndefined();
  });

  test("of batches from the end offset on are left out, and so is their passing", () => {
    const walked = new SliceWalk("the topic");
    expect(walk(Buffer.concat([THREE, TWO, LATER]), { end: 3, by: walked })).toEqual(["0:a", "1:b", "2:c"]);
    expect(walked.passedOffset).toBe(3);
    expect(walk(Buffer.concat([TWO, LATER]), { from: 3, by: walked })).toEqual(["3:d", "4:null", "100:f"]);
  });

  test("that a broker took out of a batch leave gaps; one without any is passed", () => {
    // The third record becomes number 7 of 10: its offset delta is the fourth byte of its eight.
    const gaps = edited(THREE, (bytes, view) => {
      bytes[BATCH_HEADER_BYTES + 2 * 8 + 3] = 7 * 2;
      view.setInt32(23, 9);
    });
    const walked = new SliceWalk("the topic");
    expect(walk(gaps, { by: walked })).toEqual(["0:a", "1:b", "7:c"]);
    expect(walked.passedOffset).toBe(10);
    expect(walk(gaps, { from: 3 })).toEqual(["7:c"]);

    const none = edited(recordBatch(["x"], 200).slice(0, BATCH_HEADER_BYTES), (_, view) => {
      view.setInt32(8, BATCH_HEADER_BYTES - 12);
      view.setInt32(23, 4);
      view.setInt32(57, 0);
    });
    expect(walk(Buffer.concat([none, recordBatch(["y"], 205)]), { by: walked })).toEqual(["205:y"]);
    expect(walk(none, { from: 200, by: walked })).toEqual([]);
    expect(walked.passedOffset).toBe(205);
  });

  test("have the batch's timestamp, or none", () => {
    const walked = new SliceWalk("the topic");
    const timestamps = [recordBatch(["a"], 0, 1_032_480_000_000), recordBatch(["b"], 1)].map((batch) => {
      walked.load(batch, EVERYTHING);
      walked.next(0);
      return walked.cursor.timestampMs;
    });
    expect(timestamps).toEqual([1_032_480_000_000, -1]);
  });

  test("of offsets beyond 32 bits are exact", () => {
    expect(walk(recordBatch(["a", "b"], 2 ** 52 + 1), { from: 2 ** 52 + 2 })).toEqual([`${2 ** 52 + 2}:b`]);
  });
});

describe("damage", () => {
  test("in any byte that the checksum covers is exit 4, with all before it walked", () => {
    for (let at = BATCH_CRC_AT; at < TWO.length; at++) {
      const slice = Buffer.concat([THREE, TWO, LATER]);
      slice[THREE.length + at] ^= 0x10;
      const walked = new SliceWalk("the ratings topic, partition 4,");
      walked.load(slice, EVERYTHING);
      for (let offset = 0; offset < 3; offset++) expect(walked.next(offset)).toBe(true);
      const error = failure(() => walked.next(3));
      expect(error.exitCode).toBe(4);
      expect(error.message).toBe("the ratings topic, partition 4, is damaged at offset 3: a wrong CRC");
      expect(error.hint).toContain("--skip-corrupt");
    }
  });

  test("behind the end offset, or before the first record asked for, is reported where it is read", () => {
    const slice = Buffer.concat([THREE, TWO]);
    slice[slice.length - 1] ^= 1;
    expect(walk(slice, { end: 3 })).toEqual(["0:a", "1:b", "2:c"]);
    expect(failure(() => walk(slice, { from: 5 })).message).toContain("damaged at offset 3");
  });

  test.each([
    ["a batch cut short", () => TWO.subarray(0, TWO.length - 1)],
    ["a batch cut short", () => edited(TWO, (_, view) => view.setInt32(8, 5000))],
    ["a batch length of 22", () => edited(TWO, (_, view) => view.setInt32(8, 10))],
    ["a batch length of -88", () => edited(TWO, (_, view) => view.setInt32(8, -100))],
    ["message format 1, only 2 is known", () => edited(TWO, (bytes) => bytes.fill(1, 16, 17))],
    ["impossible counts", () => edited(TWO, (_, view) => view.setInt32(57, -1))],
    ["impossible counts", () => edited(TWO, (_, view) => view.setInt32(23, -5))],
  ])("%s is exit 4", (fault, damaged) => {
    const error = failure(() => walk(damaged()));
    expect(error).toBeInstanceOf(DamagedBatch);
    expect(error.message).toBe(`the topic is damaged at offset 3: ${fault}`);
    // Which passes batches with a wrong checksum only.
    expect(error.hint).not.toContain("--skip-corrupt");
  });

  test("of records under a right checksum, and compression, are exit 4", () => {
    const tooLong = edited(TWO, (bytes) => bytes.fill(0x7e, BATCH_HEADER_BYTES, BATCH_HEADER_BYTES + 1));
    const tooMany = edited(TWO, (_, view) => view.setInt32(57, 3));
    for (const batch of [tooLong, tooMany]) {
      const error = failure(() => walk(batch));
      expect(error).toBeInstanceOf(DamagedBatch);
      expect(error.message).toBe("a record of the batch at offset 3 does not fit its own length");
    }
    const compressed = failure(() => walk(edited(TWO, (_, view) => view.setInt16(21, 4))));
    expect(compressed).toBeInstanceOf(DamagedBatch);
    expect(compressed.message).toBe("the batch at offset 3 is compressed (codec 4)");
  });
});

test("batches with a wrong checksum, and only these, are reported and passed where that is asked for", () => {
  const corrupt = edited(TWO, () => {});
  corrupt[corrupt.length - 1] ^= 1;
  const passed: number[] = [];
  const passing = () => new SliceWalk("the topic", ({ baseOffset, lastOffset }) => passed.push(baseOffset, lastOffset));
  expect(walk(Buffer.concat([THREE, corrupt]), { by: passing() })).toEqual(["0:a", "1:b", "2:c"]);
  expect(passed).toEqual([3, 4]);
  const cut = failure(() => walk(TWO.subarray(0, TWO.length - 1), { by: passing() }));
  expect(cut.message).toContain("a batch cut short");
  expect(passed).toEqual([3, 4]);
});

test("the last batch is recognized by offset and checksum, also after a restart", () => {
  const walked = new SliceWalk("the topic");
  const restarted = () => {
    const out = new ByteWriter();
    walked.write(out);
    const other = new SliceWalk("the topic");
    other.read(new ByteReader(out.finish()));
    return other.lastBatch;
  };
  expect(walked.lastBatch).toBeUndefined();
  expect(restarted()).toBeUndefined();
  walk(Buffer.concat([THREE, TWO]), { by: walked });
  const crc = new DataView(TWO.buffer).getUint32(BATCH_CRC_AT);
  expect(walked.lastBatch).toEqual({ baseOffset: 3, crc });
  expect(restarted()).toEqual({ baseOffset: 3, crc });
});
