/** What an epoch hands out: bounded, copied, and without what an earlier run put out already. */
import { describe, expect, test } from "bun:test";
import { type Anomaly, REJECTED_LINE_BYTES_MAX } from "../../src/epoch.ts";
import { RowColumns } from "../../src/row-columns.ts";
import { EPOCH_TEXT_MAX, EpochOutputs } from "../../src/shard/epoch-outputs.ts";

const ANOMALY: Anomaly = { startDay: 0, endDay: 30, movieId: 7, title: "K-Pax", count: 2, sum: 9 };

describe("a rejected line", () => {
  test.each([0, 1, REJECTED_LINE_BYTES_MAX - 1, REJECTED_LINE_BYTES_MAX])("of %d bytes is kept whole", (bytes) => {
    const outputs = new EpochOutputs();
    outputs.reject(5, "malformed", new Uint8Array(bytes).fill(7));
    const line = new Uint8Array(bytes).fill(7);
    expect(outputs.take().rejected).toEqual([{ offset: 5, reason: "malformed", line, fullBytes: bytes }]);
  });

  test("longer than 64 KiB is cut, and says how long it was", () => {
    const outputs = new EpochOutputs();
    outputs.reject(5, "late", new Uint8Array(65_537).fill(7));
    const line = new Uint8Array(65_536).fill(7);
    expect(outputs.take().rejected).toEqual([{ offset: 5, reason: "late", line, fullBytes: 65_537 }]);
  });

  test("may be none at all", () => {
    const outputs = new EpochOutputs();
    outputs.reject(5, "malformed", null);
    expect(outputs.take().rejected).toEqual([{ offset: 5, reason: "malformed", line: null, fullBytes: 0 }]);
  });

  test("is a copy: a reader uses its buffer again, a Node Buffer as well", () => {
    for (const buffer of [Buffer.from("line"), new Uint8Array(Buffer.from("line"))]) {
      const outputs = new EpochOutputs();
      outputs.reject(5, "malformed", buffer);
      buffer.fill(0);
      expect(Buffer.from(outputs.take().rejected[0].line ?? []).toString()).toBe("line");
    }
  });
});

describe("an epoch", () => {
  test("is full at 7,500 outputs of all kinds together, and after a full one at twice as many, up to 60,000", () => {
    const outputs = new EpochOutputs();
    for (const outputsMax of [7_500, 15_000, 30_000, 60_000, 60_000]) {
      outputs.addAnomaly(ANOMALY);
      outputs.take(); // One that is not full changes nothing.
      for (let output = 0; output < outputsMax - 2; output++) outputs.addAnomaly(ANOMALY);
      outputs.rows.push({ windowStart: 0, movieId: 7, title: "", ratingCount: 1, ratingSum: 1, uniqueRatingCount: 1 });
      expect(outputs.full).toBe(false);
      outputs.reject(0, "late", null);
      expect(outputs.full).toBe(true);
      outputs.take();
      expect([outputs.full, outputs.empty]).toEqual([false, true]);
    }
  });

  test("is never larger than what was asked for", () => {
    const outputs = new EpochOutputs(undefined, 2);
    for (let epoch = 0; epoch < 3; epoch++) {
      outputs.addAnomaly(ANOMALY);
      expect(outputs.full).toBe(false);
      outputs.addAnomaly(ANOMALY);
      expect(outputs.full).toBe(true);
      outputs.take();
    }
  });

  test("is full at 8 MiB of rejected lines, counted as they are kept", () => {
    const outputs = new EpochOutputs();
    const long = new Uint8Array(10 * REJECTED_LINE_BYTES_MAX);
    for (let offset = 1; offset < EPOCH_TEXT_MAX / REJECTED_LINE_BYTES_MAX; offset++) {
      outputs.reject(offset, "malformed", long);
    }
    expect(outputs.full).toBe(false);
    outputs.reject(1000, "malformed", long);
    expect(outputs.full).toBe(true);
    outputs.take();
    expect(outputs.full).toBe(false);
  });

  test("is full at 8 Mi characters of its anomalies' titles", () => {
    const outputs = new EpochOutputs();
    const anomaly = { ...ANOMALY, title: "x".repeat(EPOCH_TEXT_MAX / 100) };
    for (let anomalies = 1; anomalies <= 100; anomalies++) outputs.addAnomaly(anomaly);
    expect(outputs.full).toBe(false);
    outputs.addAnomaly(anomaly);
    expect(outputs.full).toBe(true);
  });

  test("hands over what there is, and begins anew", () => {
    const outputs = new EpochOutputs();
    outputs.addAnomaly(ANOMALY);
    expect(outputs.empty).toBe(false);
    expect(outputs.take()).toEqual({ rows: new RowColumns(), anomalies: [ANOMALY], rejected: [] });
    expect(outputs.take()).toEqual({ rows: new RowColumns(), anomalies: [], rejected: [] });
  });
});

test("what stands on the output topics already is not put out again", () => {
  const outputs = new EpochOutputs({
    hasAnomaly: (_, endDay, movieId) => endDay === 30 && movieId === 7,
    hasRejected: (offset, line) => offset === 5 && line?.length === REJECTED_LINE_BYTES_MAX,
  });
  outputs.addAnomaly(ANOMALY);
  outputs.addAnomaly({ ...ANOMALY, endDay: 31 });
  outputs.reject(5, "malformed", new Uint8Array(70_000)); // compared as it was put out: cut
  outputs.reject(6, "malformed", new Uint8Array(70_000));
  const { anomalies, rejected } = outputs.take();
  expect(anomalies.map(({ endDay }) => endDay)).toEqual([31]);
  expect(rejected.map(({ offset }) => offset)).toEqual([6]);
});
