/**
 * The shard against the naive oracle: random ratings under random rules, in random batches, slices and epochs, with
 * drains and crashes between, always give the oracle's rows, anomalies, rejected lines, totals and watermark.
 * `TEST_SEED` begins with the case of that seed, `TEST_CASES` sets how many follow.
 */
import { expect, test } from "bun:test";
import { REJECTED_LINE_BYTES_MAX, type RejectedLine } from "../../src/epoch.ts";
import { WORTHWHILE_BYTES } from "../../src/shard/lane-memory.ts";
import type { ShardRules } from "../../src/shard/shard-rules.ts";
import type { Totals } from "../../src/shard/totals.ts";
import { generateNearPlain } from "../generate/near-plain.ts";
import { Random } from "../generate/random.ts";
import { type Generated, generateRatings } from "../generate.ts";
import { type OracleInput, type OracleResult, runOracle } from "../oracle.ts";
import { RatingsLog } from "./ratings-log.ts";
import { Replay } from "./replay.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const CASES = Number(process.env.TEST_CASES ?? 2000);
const FIRST_SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TIMEOUT_MS = 300_000;

type OracleSettings = Omit<OracleInput, "partitions" | "titles" | "drainAt">;

/** What each case adds up to over all: a property test that never crashes a shard would prove little. */
const seen: Record<string, number> = {};

test(
  `${CASES} random cases from TEST_SEED=${FIRST_SEED} on agree with the oracle`,
  () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) runCase(seed, generateAny);
    if (CASES >= 1000) {
      const never = Object.keys(seen).filter((name) => seen[name] < 50);
      expect(never).toEqual([]);
    }
  },
  TIMEOUT_MS,
);

test(
  `${CASES / 4} cases of plain and nearly plain lines from TEST_SEED=${FIRST_SEED} on agree with the oracle`,
  () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES / 4; seed++) {
      runCase(seed, (random) => generateNearPlain(random, random.whole(0, random.pick([400, 400, 2000]))));
    }
  },
  TIMEOUT_MS,
);

function generateAny(random: Random, { maxFutureMs = DAY_MS }: OracleSettings): Generated {
  return generateRatings(random.whole(0, 2 ** 32 - 1), {
    records: random.whole(0, random.pick([5, 40, 100, 100, 200, 200, 1000, 3000])),
    movies: random.whole(1, 12),
    untitled: random.pick([0, 0.1, 0.5]),
    daysPerRecord: random.pick([0.001, 0.05, 0.3, 0.3, 2, 8]),
    backDaysMax: random.pick([5, 60, 400]),
    maxFutureMs,
    kinds: { ...(random.chance(0.3) ? { malformed: 0, future: 0 } : {}), backJump: random.pick([0, 15, 50]) },
    dress: random.chance(0.3) ? { dateTime: 0, quoted: 0, lineEnd: 0, oddUser: 0 } : {},
  });
}

function runCase(seed: number, generate: (random: Random, settings: OracleSettings) => Generated): void {
  const random = new Random(seed);
  const settings = pickSettings(random);
  const generated = generate(random, settings);
  const log = new RatingsLog(random, generated.partitions[0], {
    writers: random.pick([["ours"], ["foreign"], ["ours", "foreign", "appendTime"]] as const),
    batchRecordsMax: random.pick([1, 4, 20, 200, 3000]),
    gaps: random.pick([0, 0, 0.3]),
    startOffset: random.pick([0, 0, 1000, 2 ** 40]),
  });
  const drainAfter = [...log.batches.keys()].filter(() => random.chance(0.02));
  if (random.chance(0.2) && log.batches.length > 0) drainAfter.push(log.batches.length - 1);
  const drainsAt = [...new Set(drainAfter)];
  const expected = runOracle({
    ...settings,
    partitions: [log.records],
    titles: generated.titles,
    drainAt: [drainsAt.map((batch) => log.batches[batch].recordsEnd)],
  });
  const crashes = random.pick([0, 0.1, 0.3]);
  const replay = new Replay(random, log, {
    rules: rulesOf(settings),
    titles: generated.titles,
    drainAfter: drainsAt,
    outputsMax: random.pick(log.records.length < 300 ? [undefined, undefined, 1, 2, 7, 50] : [undefined, 100]),
    // A process that dies more often than it takes epochs gets nowhere.
    epochs: crashes === 0 ? random.pick([0, 0.1, 1]) : random.pick([0.5, 1]),
    crashes,
  });
  try {
    replay.run();
    compare(replay, expected, log, settings.mode);
  } catch (error) {
    throw new Error(`TEST_SEED=${seed} ${JSON.stringify(settings)}\n${(error as Error).message}`, { cause: error });
  }
  note(replay, expected, log);
}

function pickSettings(random: Random): OracleSettings {
  return {
    mode: random.pick(["A", "C"]),
    anomalyDays: random.pick([1, 1, 2, 3, 7, 30, 90, 365]),
    anomalyMinCount: random.pick([1, 1, 2, 3, 5]),
    anomalyMinMean: random.pick([0, 2, 3, 3.5, 4, 4.25]),
    maxFutureMs: random.pick([undefined, DAY_MS, DAY_MS, 0, 12 * 60 * 60 * 1000]),
    retainDays: random.pick([undefined, undefined, 0, 1, 10, 30, 100]),
    maxMovies: random.pick([undefined, undefined, undefined, 1, 3, 6]),
    maxWindows: random.pick([undefined, undefined, undefined, 1, 2, 4]),
  };
}

function rulesOf({ maxFutureMs, retainDays, maxMovies, maxWindows, ...rest }: OracleSettings): ShardRules {
  return {
    ...rest,
    maxFutureMs: maxFutureMs ?? Number.POSITIVE_INFINITY,
    retainDays: retainDays ?? Number.POSITIVE_INFINITY,
    maxMovies: maxMovies ?? 1_000_000,
    maxWindows: maxWindows ?? 1000,
  };
}

function compare(replay: Replay, expected: OracleResult, log: RatingsLog, mode: "A" | "C"): void {
  const rows = [...expected.rows.values()].map(({ count, sum, distinct, ...row }) => {
    return { ...row, ratingCount: count, ratingSum: sum, uniqueRatingCount: distinct };
  });
  if (mode === "C") expect(replay.rowsInOrder).toEqual(rows);
  else expect(replay.rows).toEqual(new Map(rows.map((row) => [`${row.windowStart}|${row.movieId}`, row])));
  expect(replay.anomalies).toEqual(expected.anomalies[0]);

  const rejected = expected.rejected.map(({ offset, reason }) => {
    const { line } = log.records[offset];
    const bytes = typeof line === "string" ? Buffer.from(line) : line;
    const cut = bytes?.subarray(0, REJECTED_LINE_BYTES_MAX) ?? null;
    return describeRejected({ offset: log.offsets[offset], reason, line: cut, fullBytes: bytes?.length ?? 0 });
  });
  expect(replay.rejected.map(describeRejected)).toEqual(rejected);

  const { shard } = replay;
  expect(shard.offset).toBe(log.endOffset);
  expect(shard.watermarkMs).toBe(expected.watermarkMs[0] ?? Number.NEGATIVE_INFINITY);
  expect(figuresOf(shard.totals)).toEqual(expected.totals[0]);
  expect(shard.untitled).toBe(expected.untitled[0]);
}

/** As text, so that a difference can be read. */
function describeRejected({ offset, reason, line, fullBytes }: RejectedLine): string {
  return `${offset} ${reason}, ${fullBytes} bytes: ${line === null ? null : Buffer.from(line).toString("latin1")}`;
}

function figuresOf({ read, counted, partlyLate, rejected }: Totals): OracleResult["totals"][number] {
  return { read, counted, partlyLate, rejectedByReason: rejected };
}

function note(replay: Replay, { totals, anomalies }: OracleResult, log: RatingsLog): void {
  const { partlyLate, rejectedByReason } = totals[0];
  const counts = { ...replay.seen, ...rejectedByReason, partlyLate, untitled: replay.shard.untitled };
  Object.assign(counts, { rows: replay.rowsInOrder.length, anomalies: anomalies[0].length });
  Object.assign(counts, { laneBatches: log.batches.filter(({ bytes }) => bytes.length >= WORTHWHILE_BYTES).length });
  for (const [name, count] of Object.entries(counts)) seen[name] = (seen[name] ?? 0) + count;
}
