/**
 * A shard in examples: what its users rely on besides the right figures, which `shard.property.test.ts` checks:
 * damage, limits, movies of another partition, settings that change, and closings larger than an epoch.
 */
import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { crc32c } from "../../src/topic/crc32c.ts";
import { failure } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { feed, makeShard, OCTOBER, RULES, restarted, SEPTEMBER } from "./example-shard.ts";
import { foreignBatch } from "./foreign-batch.ts";
import { RatingsLog, recordBatch } from "./ratings-log.ts";
import { Replay } from "./replay.ts";

const DAY_MS = 86_400_000;

test("a day may bring a movie more ratings than a run of them holds", () => {
  const shard = makeShard({ mode: "A" });
  const ratings = 20_000;
  const batch = recordBatch(Array(ratings).fill("2002-09-20,7,u,9"), 0);
  const batches = Math.ceil(2 ** 24 / ratings) + 1;
  for (let at = 0; at < batches; at++) {
    // The offset is not in the checksum.
    new DataView(batch.buffer, batch.byteOffset).setBigInt64(0, BigInt(at * ratings));
    shard.load(batch);
    expect(shard.work()).toBe(true);
  }
  const ratingCount = batches * ratings;
  const row = { ratingCount, ratingSum: ratingCount * 9, uniqueRatingCount: 1 };
  expect([...shard.takeEpoch(true).rows]).toMatchObject([row]);
});

describe("damage", () => {
  test("is exit 4; every rating before it is counted, and the epoch holds it", () => {
    const shard = makeShard({ mode: "A" });
    const slice = Buffer.concat([
      recordBatch(["2002-09-20,1,u,4", "2002-09-20,1,u,5"], 0),
      recordBatch(["2002-09-20,1,u,1"], 2),
    ]);
    slice[slice.length - 1] ^= 1;
    shard.load(slice);
    const error = failure(() => shard.work());
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe("the ratings topic, partition 0, is damaged at offset 2: a wrong CRC");
    const epoch = shard.takeEpoch(true);
    expect([epoch.offset, shard.totals.counted]).toEqual([2, 2]);
    expect([...epoch.rows]).toMatchObject([{ windowStart: SEPTEMBER, movieId: 1, ratingCount: 2, ratingSum: 9 }]);
  });
});

describe("damage under a right checksum", () => {
  test("behind plain ratings is exit 4 as well, with all before it counted", () => {
    const columns = { timestampMs: -1, key: null, headers: [] };
    const lines = ["2002-09-20,7,u,3", "2002-09-20,7,u,4", "2002-09-20,7,u,5"];
    const records = lines.map((line, offset) => ({ ...columns, offset, value: Buffer.from(line) }));
    // The last value claims more bytes than its record has: it would end beyond the batch.
    const batch = foreignBatch({ records, lastOffset: 2 });
    const valueAt = batch.length - 1 - lines[2].length;
    batch[valueAt - 1] += 4;
    new DataView(batch.buffer).setUint32(17, crc32c(batch, 21, batch.length));
    const shard = makeShard({ mode: "A" });
    shard.load(batch);
    expect(failure(() => shard.work()).message).toBe("a record of the batch at offset 0 does not fit its own length");
    expect([...shard.takeEpoch(true).rows]).toMatchObject([{ movieId: 7, ratingCount: 2, ratingSum: 7 }]);
  });
});

describe("a movie", () => {
  test("is claimed with its first rating that counts, once", () => {
    const claimed: number[] = [];
    const shard = makeShard({ maxMovies: 2 }, { claimMovie: (movieId) => claimed.push(movieId) });
    feed(shard, "2002-09-20,7,u,11", "2002-09-20,8,u,4", "2002-09-20,9,u,4", "2002-09-20,8,u,4", "2002-09-20,10,u,4");
    expect(claimed).toEqual([8, 9]);
    const after = restarted(shard.takeEpoch(true).state, {}, { claimMovie: (movieId) => claimed.push(movieId) });
    feed(after, "2002-09-20,9,u,4");
    expect(claimed).toEqual([8, 9]);
  });

  test("that another partition has counted stops the shard before it, all before counted", () => {
    const taken = new UserError(4, "movie 9 has ratings in partitions 0 and 1", "");
    const claimMovie = (movieId: number) => {
      if (movieId === 9) throw taken;
    };
    const shard = makeShard({ mode: "A" }, { claimMovie });
    const lines = ["2002-09-20,8,u,4", "2002-09-20,9,u,4", "2002-09-20,8,u,4"];
    expect(failure(() => feed(shard, ...lines))).toBe(taken);
    expect(shard.offset).toBe(1);
    expect([...shard.takeEpoch(true).rows]).toMatchObject([{ movieId: 8, ratingCount: 1 }]);
    // So many that the lane reads them, which finds it late.
    const another = makeShard({ mode: "A" }, { claimMovie });
    expect(failure(() => feed(another, ...Array.from({ length: 200 }, () => lines).flat()))).toBe(taken);
  });
});

describe("limits", () => {
  test("in mode C a shard full of windows goes on when the watermark has closed one", () => {
    const shard = makeShard({ maxWindows: 1 });
    feed(shard, "2002-09-20,1,u,4", "2002-10-10,1,u,4", "2002-10-11,1,u,5");
    const { rows, rejected } = shard.takeEpoch(true);
    expect(rejected).toMatchObject([{ offset: 1, reason: "too-many-windows" }]);
    expect([...rows]).toMatchObject([{ windowStart: SEPTEMBER, ratingCount: 1 }]);
    expect(shard.totals.describe()).toBe(
      "read 3 = counted 2 + rejected 1 (too-many-windows 1); late for some windows 0",
    );
  });
});

describe("settings that change at a restart", () => {
  test("--retain: what was forgotten stays so when it is raised; lowered, it forgets with the first work", () => {
    const mode = "A";
    const shard = makeShard({ mode, retainDays: 0 });
    feed(shard, "2002-09-20,1,u,4", "2002-10-11,1,u,4");
    const { rows, state } = shard.takeEpoch(true);
    expect([...rows].map(({ windowStart }) => windowStart)).toEqual([SEPTEMBER, OCTOBER]);
    const kept = restarted(state, { mode });
    feed(kept, "2002-09-20,1,u,5", "2002-10-10,1,u,5");
    const late = kept.takeEpoch(false);
    expect(late.rejected).toMatchObject([{ offset: 2, reason: "late" }]);
    expect([...late.rows]).toMatchObject([{ windowStart: OCTOBER, ratingCount: 2 }]);

    const longer = makeShard({ mode });
    feed(longer, "2002-09-20,1,u,4", "2002-10-11,1,u,4");
    const shorter = restarted(longer.takeEpoch(true).state, { mode, retainDays: 0 });
    feed(shorter, "2002-09-20,1,u,5");
    expect(shorter.takeEpoch(false).rejected).toMatchObject([{ offset: 2, reason: "late" }]);
  });
});

describe("the watermark", () => {
  test("that a shard follows closes windows for good, and never goes back", () => {
    const shard = makeShard();
    feed(shard, "2002-09-20,1,u,4");
    expect(shard.raiseWatermark(Date.parse("2002-10-10"))).toBe(true);
    expect(shard.raiseWatermark(Date.parse("2002-01-01"))).toBe(true);
    expect(shard.watermarkMs).toBe(Date.parse("2002-10-10"));
    expect(shard.closedEnd).toBe(Date.parse("2002-10-10") / DAY_MS);
    feed(shard, "2002-10-09T23:59:59,1,u,4", "2002-10-10,1,u,4");
    const { rows, anomalies, rejected } = shard.takeEpoch(true);
    expect([rows.length, anomalies.length]).toEqual([1, 1]);
    expect(rejected).toMatchObject([{ offset: 1, reason: "late" }]);
  });

  test("raised by a drain stands in the first epoch after it", () => {
    const shard = makeShard({}, { outputsMax: 1 });
    feed(shard, "2002-09-20,1,u,4", "2002-09-20,2,u,4");
    expect(shard.drain()).toBe(false);
    const after = restarted(shard.takeEpoch(true).state);
    expect(after.watermarkMs).toBe(Date.parse("2002-10-10"));
    expect(after.work()).toBe(true);
    expect(after.changed).toBe(true); // else nobody would take what the closing gave
    const { rows, anomalies } = after.takeEpoch(false);
    expect([rows.length, anomalies.length]).toEqual([2, 1]);
    expect(after.changed).toBe(false);
  });
});

describe("offsets", () => {
  test("skipped by the topic are passed, never back", () => {
    const shard = makeShard();
    shard.skipTo(10);
    expect([shard.offset, shard.changed]).toEqual([10, true]);
    shard.takeEpoch(true);
    shard.skipTo(10);
    shard.skipTo(3);
    expect([shard.offset, shard.changed]).toEqual([10, false]);
  });

  test("come with the batch that was read last, through a restart", () => {
    const shard = makeShard();
    expect(shard.lastBatch).toBeUndefined();
    const batch = recordBatch(["2002-09-20,1,u,4"], 0);
    shard.load(batch);
    shard.work();
    const crc = new DataView(batch.buffer).getUint32(17);
    expect(restarted(shard.takeEpoch(true).state).lastBatch).toEqual({ baseOffset: 0, crc });
  });
});

test("what an earlier run put out is not put out again, but counted all the same", () => {
  const alreadyOut = {
    hasAnomaly: (_start: number, _end: number, movieId: number) => movieId === 1,
    hasRejected: (offset: number) => offset === 2,
  };
  const shard = makeShard({}, { alreadyOut });
  feed(shard, "2002-09-20,1,u,4", "2002-09-20,2,u,4", "nonsense", "nonsense");
  shard.drain();
  const { rows, anomalies, rejected } = shard.takeEpoch(true);
  expect([...rows].map(({ movieId }) => movieId)).toEqual([1, 2]);
  expect(anomalies.map(({ movieId }) => movieId)).toEqual([2]);
  expect(rejected.map(({ offset }) => offset)).toEqual([3]);
  expect(shard.totals.rejected.malformed).toBe(2);
});

test("mode A far behind takes its epochs where windows begin, and so writes each row once", () => {
  const outputsMax = 9;
  const shard = makeShard({ mode: "A" }, { outputsMax });
  const days = ["2002-09-20", "2002-09-21", "2002-10-20", "2002-11-20", "2002-12-20", "2003-01-20"];
  const lines = days.flatMap((day) => [1, 2, 3, 4].map((movie) => `${day},${movie},u,4`));
  const rowsOfEpochs: number[] = [];
  shard.load(recordBatch(lines, 0));
  while (!shard.work()) rowsOfEpochs.push(shard.takeEpoch(false).rows.length);
  rowsOfEpochs.push(shard.takeEpoch(false).rows.length);
  expect(rowsOfEpochs).toEqual([8, 8, 4]);
  expect(shard.totals.counted).toBe(lines.length);
});

test.each([
  ["a limit that stays", 7_500, 16],
  ["limits that grow", undefined, 2],
])("a closing larger than an epoch goes on through epochs and restarts, in order: %s", (_, outputsMax, fullMin) => {
  const movies = 60_000;
  const random = new Random(1);
  // Movie ids against the order of appearance, as results come by movie id.
  const lines = Array.from({ length: movies }, (_, index) => ({ line: `2002-09-20,${movies - index},u,4` }));
  const log = new RatingsLog(random, lines, { writers: ["ours"], batchRecordsMax: 9000, gaps: 0, startOffset: 0 });
  const names = new Map(lines.map((_, index) => [index + 1, `Title of ${index + 1}`]));
  const drainAfter = [log.batches.length - 1];
  const replay = new Replay(random, log, {
    rules: RULES,
    titles: names,
    drainAfter,
    epochs: 1,
    crashes: 0.7,
    outputsMax,
  });
  replay.run();
  const inOrder = [...names.keys()].map(String);
  expect(replay.anomalies.map(({ key }) => key)).toEqual(inOrder);
  expect(replay.rowsInOrder.map(({ movieId }) => String(movieId))).toEqual(inOrder);
  // No epoch is smaller than the first may be, none larger than the last.
  expect(replay.seen.fullEpochs).toBeGreaterThanOrEqual(fullMin);
  expect(replay.seen.fullEpochs).toBeLessThanOrEqual((2 * movies) / 7_500);
  expect(replay.seen.restartsAfterFull).toBeGreaterThan(0);
});
