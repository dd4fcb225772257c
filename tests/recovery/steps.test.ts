/**
 * A kill between every two steps of a start and of an epoch: each photograph of the home, taken before every write,
 * cut, fsync and table transaction of a `process`, is a home that was killed there. A plain start on it, and one that
 * is killed in turn, must end with the oracle's rows, totals, and each anomaly and each rejected line once, in order.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../generate/random.ts";
import { type Generated, type GenerateOptions, generateRatings } from "../generate.ts";
import { type ProcessOptions, runProcess, send, setUp } from "./embedded-home.ts";
import { makeFastFolder, type Photograph, Photographer } from "./photographs.ts";
import { difference, type Results, readRatings, resultsOf, storedResults } from "./results.ts";

setDefaultTimeout(240_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const BATCH_RECORDS_MAX = 16;
/** Of the starts, this many are photographed in turn, and this many starts made from the photographs of each. */
const SECOND_KILLS = 8;
const STARTS_AFTER_EACH = 8;
/** Every seed gives some of everything. */
const INPUT: GenerateOptions = {
  ...{ partitions: 2, records: 90, movies: 12, untitled: 0, startDay: 12_000 },
  kinds: { malformed: 40, forwardJump: 4, farForward: 0 },
};
const RULES = { anomalyDays: 3, anomalyMinCount: 1, anomalyMinMean: 2 };

let folder: string;
let home: string;
let random: Random;
let expected: { results: Results; counted: number };
/** How results are made comparable. */
let compared: (stored: Results) => Results;
/** Starts made so far. */
let starts: number;
beforeEach(() => {
  console.log(`seed ${SEED}`);
  random = new Random(SEED);
  folder = makeFastFolder("tidemark-steps-");
  home = join(folder, "home");
  starts = 0;
  compared = (stored) => stored;
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Notes what must come of all that the topic holds, closed by `--drain` at its end. */
function expectDrained({ rules, titles }: ProcessOptions): void {
  const records = readRatings(home);
  const drainAt = records.map((ofPartition) => [ofPartition.length]);
  const { results, oracle } = resultsOf(records, titles, { ...rules, drainAt });
  expect(results.rows.length).toBeGreaterThan(2);
  expect(results.anomalies.flat().length).toBeGreaterThan(5);
  expect(results.rejected.flat().length).toBeGreaterThan(3);
  expected = { results, counted: oracle.totals.reduce((sum, totals) => sum + totals.counted, 0) };
}

/** Starts on a home that was killed as the photograph shows it, runs to the end, and compares. */
async function startFrom(killed: Photograph, options: ProcessOptions, watch = false): Promise<readonly Photograph[]> {
  const path = join(folder, `start-${starts++}`);
  killed.develop(path);
  const photographer = new Photographer(path, random);
  const around: ProcessOptions["around"] = watch ? (table) => photographer.watched(table, "table") : undefined;
  const run = () => runProcess(path, { ...options, around });
  try {
    const shards = await (watch ? photographer.during(run) : run());
    const different = difference(compared(storedResults(path)), expected.results);
    if (different !== undefined) throw new Error(different);
    expect(shards.reduce((sum, { shard }) => sum + shard.totals.counted, 0)).toBe(expected.counted);
  } catch (error) {
    throw new Error(`killed before ${killed.before}: ${(error as Error).message}`, { cause: error });
  }
  rmSync(path, { recursive: true });
  return photographer.taken;
}

/** Photographs a `process`; starts from every photograph; photographs some of those starts, and starts from these. */
async function killEverywhere(first: ProcessOptions, next: ProcessOptions): Promise<void> {
  expectDrained(next);
  const photographer = new Photographer(home, random);
  await photographer.during(() =>
    runProcess(home, { ...first, around: (table) => photographer.watched(table, "table") }),
  );
  const { taken } = photographer;
  for (const killed of taken) await startFrom(killed, next);
  for (let second = 0; second < SECOND_KILLS; second++) {
    const killedAgain = await startFrom(random.pick(taken), next, true);
    for (let third = 0; third < STARTS_AFTER_EACH; third++) await startFrom(random.pick(killedAgain), next);
  }
  console.log(`${taken.length} steps of the first process, ${starts} starts`);
  expect(taken.length).toBeGreaterThan(60);
}

/** The first three quarters of each partition, or the rest. */
const part = ({ partitions }: Generated, which: "first" | "rest") =>
  partitions.map((records) => {
    const middle = (records.length * 3) >> 2;
    return which === "first" ? records.slice(0, middle) : records.slice(middle);
  });

test.each(["A", "C"] as const)("mode %s: from the first start to the end of a drain", async (mode) => {
  const { partitions, titles } = generateRatings(SEED, INPUT);
  await setUp(home, partitions.length);
  await send(home, random, partitions, BATCH_RECORDS_MAX);
  const options: ProcessOptions = { rules: { ...RULES, mode }, titles, goal: "drain" };
  await killEverywhere(options, options);
});

test.each(["A", "C"] as const)("mode %s: titles that changed between the kill and the next start", async (mode) => {
  const generated = generateRatings(SEED + 2, INPUT);
  const movieIds = [...generated.titles.keys()];
  await setUp(home, generated.partitions.length);
  await send(home, random, generated.partitions, BATCH_RECORDS_MAX);
  const titlesFrom = (word: string) => new Map(movieIds.map((movieId) => [movieId, `${word} ${movieId}`]));
  const options: ProcessOptions = { rules: { ...RULES, mode }, titles: titlesFrom("old"), goal: "drain" };
  compared = ({ rows, anomalies, rejected }) => {
    // Mode A hands out its rows anew; what is final keeps its title.
    if (mode === "A") expect(rows.filter((row) => row.includes("|old"))).toEqual([]);
    const unify = (texts: readonly string[]) => texts.map((text) => text.replace("old", "new"));
    return { rows: unify(rows), anomalies: anomalies.map(unify), rejected };
  };
  await killEverywhere(options, { ...options, titles: titlesFrom("new") });
});

test.each(["A", "C"] as const)("mode %s: a rebuild, of three partitions of which one is empty", async (mode) => {
  const generated = generateRatings(SEED + 1, INPUT);
  const options: ProcessOptions = { rules: { ...RULES, mode }, titles: generated.titles };
  await setUp(home, 3);
  await send(home, random, part(generated, "first"), BATCH_RECORDS_MAX);
  await runProcess(home, options);
  const { anomalies, rejected } = storedResults(home);
  expect(Math.min(anomalies.flat().length, rejected.flat().length)).toBeGreaterThan(0);
  await send(home, random, part(generated, "rest"), BATCH_RECORDS_MAX);
  await killEverywhere({ ...options, goal: "drain", rebuild: true }, { ...options, goal: "drain" });
});
