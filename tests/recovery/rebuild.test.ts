/**
 * `process --rebuild`: the rows become those of all that the topic holds, whatever was before; nothing that stands on
 * the output topics is put there again, and all else is; and what would overwrite results with less is refused.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { UserError } from "../../src/errors.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import { parseRatingLine } from "../oracle/rating-line.ts";
import type { OracleRecord } from "../oracle.ts";
import { recordBatch } from "../shard/ratings-log.ts";
import { type ProcessOptions, runProcess, send, setUp } from "./embedded-home.ts";
import { makeFastFolder } from "./photographs.ts";
import {
  difference,
  RATINGS_TOPIC,
  type Results,
  type Rules,
  readRatings,
  resultsOf,
  storedResults,
} from "./results.ts";

setDefaultTimeout(60_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const BATCH_RECORDS_MAX = 12;
const { partitions: RECORDS, titles: TITLES } = generateRatings(SEED, {
  ...{ partitions: 2, records: 160, movies: 12, untitled: 0, startDay: 12_000 },
  kinds: { malformed: 40, forwardJump: 4, farForward: 0 },
});
const RULES: Rules = { mode: "C", anomalyDays: 3, anomalyMinCount: 1, anomalyMinMean: 2 };
const OPTIONS: ProcessOptions = { rules: RULES, titles: TITLES };

let folder: string;
let home: string;
let random: Random;
beforeEach(async () => {
  console.log(`seed ${SEED}`);
  random = new Random(SEED);
  folder = makeFastFolder("tidemark-rebuild-");
  home = join(folder, "home");
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true }));

const half = (which: 0 | 1): OracleRecord[][] =>
  RECORDS.map((records) => records.slice(...(which === 0 ? [0, records.length >> 1] : [records.length >> 1])));

async function sendAll(records: readonly (readonly OracleRecord[])[]): Promise<void> {
  await send(home, random, records, BATCH_RECORDS_MAX);
}

/** What a run over all that the topic holds now, closed by drains after that many records, puts out. */
function outcome(rules: Rules, titles = TITLES, drainAt?: number[][]): Results {
  return resultsOf(readRatings(home), titles, { ...rules, drainAt }).results;
}

/**
 * What stands there when a rebuild follows on earlier outputs: its own rows; of its outputs, those not there before.
 */
function after(earlier: Results, rebuilt: Results): Results {
  const join = (before: string[][], now: string[][], identify: (text: string) => string) =>
    now.map((texts, partition) => {
      const there = new Set(before.flat().map(identify));
      return [...(before[partition] ?? []), ...texts.filter((text) => !there.has(identify(text)))];
    });
  return {
    rows: rebuilt.rows,
    anomalies: join(earlier.anomalies, rebuilt.anomalies, windowAndMovie),
    rejected: rebuilt.rejected.map((_, partition) => {
      const of = ({ rejected }: Results) => [rejected[partition] ?? []];
      return join(of(earlier), of(rebuilt), withoutReason)[0];
    }),
  };
}

/** `movie: start,end` of `movie: start,end,title,count,mean`. */
const windowAndMovie = (text: string) => text.split(",", 2).join();
const withoutReason = (text: string) => text.replace(/ [a-z-]+/, "");

function newest(records: readonly OracleRecord[]): OracleRecord {
  const timeMs = ({ line }: OracleRecord) => parseRatingLine(line)?.eventTimeMs ?? Number.NEGATIVE_INFINITY;
  return records.reduce((found, record) => (timeMs(record) > timeMs(found) ? record : found));
}

async function rebuild(options: ProcessOptions): Promise<void> {
  await runProcess(home, { ...options, rebuild: true });
}

function expectResults(expected: Results): void {
  expect(difference(storedResults(home), expected)).toBeUndefined();
}

async function refusal(options: ProcessOptions): Promise<UserError> {
  const before = storedResults(home);
  const error = await failureOf(() => rebuild(options));
  expect(error.exitCode).toBe(4);
  expectResults(before);
  return error;
}

test.each(["A", "C"] as const)(
  "mode %s: after a drain, with more ratings since, late for the old run",
  async (mode) => {
    const rules = { ...RULES, mode };
    await setUp(home, 2);
    await sendAll(half(0));
    await runProcess(home, { ...OPTIONS, rules, goal: "drain" });
    const drainAt = half(0).map((records) => [records.length]);
    // Another rating as new as the newest: in time, if not for the drain.
    await sendAll(half(0).map((records) => [newest(records)]));
    await sendAll(half(1));
    await runProcess(home, { ...OPTIONS, rules });
    const old = outcome(rules, TITLES, drainAt);
    expectResults(old);
    await rebuild({ ...OPTIONS, rules });
    const undrained = outcome(rules);
    // The drain made a difference.
    expect(difference(old, undrained)).toBeDefined();
    expectResults(after(old, undrained));
  },
);

test.each([
  [3, 1],
  [1, 3],
  [2, 30],
])("from windows of %d days to windows of %d: other windows, so other anomalies", async (before, now) => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  const old = { ...RULES, anomalyDays: before };
  await runProcess(home, { ...OPTIONS, rules: old });
  const rules = { ...RULES, anomalyDays: now };
  await rebuild({ ...OPTIONS, rules });
  const rebuilt = outcome(rules);
  expectResults(after(outcome(old), rebuilt));
  expect(rebuilt.anomalies.flat().length).toBeGreaterThan(3);
});

test("other thresholds and titles: a window and movie that was put out before is not put out again", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  const strict = { ...RULES, anomalyMinMean: 4 };
  await runProcess(home, { ...OPTIONS, rules: strict });
  const titles = new Map([...TITLES].map(([movieId, title]) => [movieId, `${title}, again`]));
  await rebuild({ ...OPTIONS, titles });
  expectResults(after(outcome(strict), outcome(RULES, titles)));
});

test("from mode C to mode A and back", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  await runProcess(home, OPTIONS);
  const rules: Rules = { ...RULES, mode: "A" };
  await rebuild({ ...OPTIONS, rules });
  const inModeC = outcome(RULES);
  const inModeA = after(inModeC, outcome(rules));
  expectResults(inModeA);
  await rebuild(OPTIONS);
  expectResults(after(inModeA, inModeC));
});

test("movies that moved to other partitions: their anomalies are not put out again", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  await runProcess(home, OPTIONS);
  const old = storedResults(home);
  rmSync(join(home, "topics", RATINGS_TOPIC), { recursive: true });
  await setUp(home, 3);
  // Each partition of the new topic is at least as long as the one that the table knows.
  const padding: OracleRecord[] = Array.from({ length: 100 }, () => ({ line: "padding" }));
  await sendAll([[...RECORDS[1], ...padding], padding, RECORDS[0]]);
  await rebuild(OPTIONS);
  const stored = storedResults(home);
  const rebuilt = outcome(RULES);
  expect(stored.rows).toEqual(rebuilt.rows);
  expect(old.anomalies.flat().length).toBeGreaterThan(5);
  expect(stored.anomalies.flat()).toHaveLength(old.anomalies.flat().length);
  expect(new Set(stored.anomalies.flat())).toEqual(new Set(rebuilt.anomalies.flat()));
});

test("on a home in which nothing was processed: as a first start", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  await rebuild(OPTIONS);
  expectResults(outcome(RULES));
});

test("shuts others out once, as claimant of the shards, before it looks at what stands on the outputs", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  await runProcess(home, OPTIONS);
  const steps: string[] = [];
  const noting = <T extends object>(side: T): T =>
    new Proxy(side, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          steps.push(String(key));
          return value.apply(target, args);
        };
      },
    });
  await rebuild({ ...OPTIONS, around: noting, aroundOutputs: noting });
  expect(steps.slice(0, 5)).toEqual(["lock", "standings", "claim", "fence", "standings"]);
  expect(steps.filter((step) => step === "fence")).toHaveLength(1);
  expectResults(outcome(RULES));
});

test("again and again: nothing is put out twice", async () => {
  await setUp(home, 2);
  await sendAll(half(0));
  for (let times = 0; times < 3; times++) await rebuild(OPTIONS);
  expectResults(outcome(RULES));
  await sendAll(half(1));
  await rebuild(OPTIONS);
  expectResults(outcome(RULES));
});

test("of a topic that has lost its start is refused", async () => {
  await setUp(home, 1);
  const writer = await LocalTopicWriter.open(home, RATINGS_TOPIC, "a test", { segmentBytesMax: 100 });
  for (const [index] of RECORDS[0].entries()) {
    await writer.append(0, recordBatch([`2002-01-${10 + (index % 10)},1,7,3`], 0), 1);
  }
  await writer.close();
  await runProcess(home, OPTIONS);
  const partition = join(home, "topics", RATINGS_TOPIC, "0");
  const [first] = readdirSync(partition).sort();
  rmSync(join(partition, first));
  expect((await refusal(OPTIONS)).message).toContain("has lost its start");
});

test("of a topic with fewer partitions than the table knows is refused", async () => {
  await setUp(home, 2);
  await sendAll(RECORDS);
  await runProcess(home, OPTIONS);
  rmSync(join(home, "topics", RATINGS_TOPIC), { recursive: true });
  await setUp(home, 1);
  await sendAll([RECORDS.flat()]);
  expect((await refusal(OPTIONS)).message).toContain("partition 1");
});
