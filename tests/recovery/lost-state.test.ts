/**
 * State that was lost, put back from a copy, or replaced: each is refused with exit 4 and nothing changed, or settled
 * so that all is as if it had never happened. What was refused, `--rebuild` sets right.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../src/errors.ts";
import { failureOf } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import type { OracleRecord } from "../oracle.ts";
import { type ProcessOptions, runProcess, send, setUp } from "./embedded-home.ts";
import { makeFastFolder, Photograph } from "./photographs.ts";
import * as results from "./results.ts";

setDefaultTimeout(60_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const BATCH_RECORDS_MAX = 12;
const { ANOMALIES_TOPIC, RATINGS_TOPIC, REJECTED_TOPIC } = results;

const { partitions: RECORDS, titles: TITLES } = generateRatings(SEED, {
  ...{ partitions: 2, records: 120, movies: 12, untitled: 0, startDay: 12_000 },
  kinds: { malformed: 40, forwardJump: 4, farForward: 0 },
});
const OPTIONS: ProcessOptions = {
  rules: { mode: "C", anomalyDays: 3, anomalyMinCount: 1, anomalyMinMean: 2 },
  titles: TITLES,
};
const MODE_A: ProcessOptions = { ...OPTIONS, rules: { ...OPTIONS.rules, mode: "A" } };

let folder: string;
let home: string;
/** The home as it was when half of the ratings were read. */
let older: string;
let random: Random;

beforeEach(async () => {
  console.log(`seed ${SEED}`);
  random = new Random(SEED);
  folder = makeFastFolder("tidemark-lost-");
  home = join(folder, "home");
  older = join(folder, "older");
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => join(home, ...names);
const half = (which: 0 | 1): OracleRecord[][] =>
  RECORDS.map((records) => records.slice(...(which === 0 ? [0, records.length >> 1] : [records.length >> 1])));

/** A home in which everything was processed, in two runs. */
async function work(options: ProcessOptions): Promise<void> {
  mkdirSync(home);
  await setUp(home, RECORDS.length);
  await send(home, random, half(0), BATCH_RECORDS_MAX);
  await runProcess(home, options);
  Photograph.take(home, "").develop(older);
  await send(home, random, half(1), BATCH_RECORDS_MAX);
  await runProcess(home, options);
  expectOracle(options);
}

function expectOracle({ rules, titles }: ProcessOptions): void {
  const expected = results.expectedResults(home, titles, rules);
  expect(results.difference(results.storedResults(home), expected)).toBeUndefined();
}

/** Files of a folder below the home, without what tells who holds a lock. */
function filesIn(name: string): Record<string, string> {
  const entries = readdirSync(at(name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.includes(".lock"));
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, "latin1")]));
}

/** All that a refused start must leave alone. */
function everything(): unknown {
  const database = new DatabaseSync(at("tidemark.db"), { readOnly: true });
  const dump = ["movie_ratings", "tidemark_shards"].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
  database.close();
  return [dump, filesIn("topics"), existsSync(at("checkpoints")) ? filesIn("checkpoints") : {}];
}

/** The start must be refused with exit 4, and change nothing; returns what was said. */
async function refused(options: ProcessOptions): Promise<UserError> {
  const before = everything();
  const error = await failureOf(() => runProcess(home, options));
  expect(error.exitCode).toBe(4);
  expect(everything()).toEqual(before as object);
  return error;
}

/** Replaces a file or folder of the home by the one of another home. */
function putBack(from: string, ...names: string[]): void {
  rmSync(at(...names), { recursive: true });
  cpSync(join(from, ...names), at(...names), { recursive: true });
}

function removeDatabase(): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(at(`tidemark.db${suffix}`), { force: true });
}

const segment = (topic: string, partition = 0) => at("topics", topic, String(partition), `${"0".repeat(20)}.log`);

describe.each([OPTIONS, MODE_A])("mode $rules.mode: refused, and set right by a rebuild:", (options) => {
  beforeEach(() => work(options));

  /** A rebuild must repeat nothing that stands on the topics: they hold all, once, as before. */
  async function rebuilt(): Promise<void> {
    await runProcess(home, { ...options, rebuild: true });
    expectOracle(options);
    await runProcess(home, options);
    expectOracle(options);
  }

  test("no checkpoint folder", async () => {
    rmSync(at("checkpoints"), { recursive: true });
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("an older copy of the checkpoint", async () => {
    putBack(older, "checkpoints");
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("one shard's log put back from an older copy", async () => {
    const [run] = readdirSync(at("checkpoints")).filter((name) => name.startsWith("run-"));
    putBack(older, "checkpoints", run, "shard-1.log");
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("the checkpoint of another home", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    await setUp(other, RECORDS.length);
    await send(other, random, RECORDS, BATCH_RECORDS_MAX);
    await runProcess(other, options);
    putBack(other, "checkpoints");
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("the table removed and set up again", async () => {
    removeDatabase();
    await setUp(home, RECORDS.length);
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("the table of another home", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    await setUp(other, RECORDS.length);
    await send(other, random, RECORDS, BATCH_RECORDS_MAX);
    await runProcess(other, options);
    removeDatabase();
    cpSync(join(other, "tidemark.db"), at("tidemark.db"));
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("checkpoint and table removed, the outputs still there", async () => {
    rmSync(at("checkpoints"), { recursive: true });
    removeDatabase();
    await setUp(home, RECORDS.length);
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("checkpoint and table both put back, the outputs further on", async () => {
    putBack(older, "checkpoints");
    removeDatabase();
    cpSync(join(older, "tidemark.db"), at("tidemark.db"));
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test.each([ANOMALIES_TOPIC, REJECTED_TOPIC])("%s removed and made again", async (topic) => {
    rmSync(at("topics", topic), { recursive: true });
    await setUp(home, RECORDS.length);
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test.each([ANOMALIES_TOPIC, REJECTED_TOPIC])("%s put back from an older copy", async (topic) => {
    const bytes = statSync(segment(topic)).size;
    putBack(older, "topics", topic);
    // By some seeds the second half of the ratings put nothing there: then nothing is older.
    if (statSync(segment(topic)).size < bytes) expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test.each([ANOMALIES_TOPIC, REJECTED_TOPIC])("%s cut below what was fsynced", async (topic) => {
    truncateSync(segment(topic), statSync(segment(topic)).size - 1);
    expect((await refused(options)).message).toContain(topic);
  });

  test("the ratings topic put back from an older copy, which ends too early", async () => {
    putBack(older, "topics", RATINGS_TOPIC);
    const error = await refused(options);
    expect(error.message).toContain(RATINGS_TOPIC);
    // The table was made from more ratings than these: nothing is overwritten with less.
    await refused({ ...options, rebuild: true });
  });

  test.each([1, BATCH_RECORDS_MAX])(
    "the ratings topic made again, in batches of up to %d, of the same length",
    async (batch) => {
      rmSync(at("topics", RATINGS_TOPIC), { recursive: true });
      await setUp(home, RECORDS.length);
      const others = RECORDS.map((records) =>
        records.map(({ line }) => ({ line: line === null ? "x" : line, timestampMs: 7 })),
      );
      await send(home, random, others, batch);
      expect((await refused(options)).message).toContain(RATINGS_TOPIC);
      await runProcess(home, { ...options, rebuild: true });
      const expected = results.expectedResults(home, TITLES, options.rules);
      expect(results.storedResults(home).rows).toEqual(expected.rows);
    },
  );

  test("a checkpoint from before a rebuild, copied over the present one", async () => {
    await runProcess(home, { ...options, rebuild: true });
    cpSync(join(older, "checkpoints"), at("checkpoints"), { recursive: true });
    expect((await refused(options)).hint).toContain("--rebuild");
    await rebuilt();
  });

  test("another number of partitions", async () => {
    rmSync(at("topics", RATINGS_TOPIC), { recursive: true });
    await setUp(home, 3);
    expect((await refused(options)).message).toContain("partitions 2, now 3");
    // Nothing is overwritten with less.
    await refused({ ...options, rebuild: true });
  });
});

describe("settled as if it had never happened:", () => {
  test.each([OPTIONS, MODE_A])(
    "mode $rules.mode: a table put back from a copy that the log still reaches",
    async (options) => {
      await work(options);
      removeDatabase();
      cpSync(join(older, "tidemark.db"), at("tidemark.db"));
      await runProcess(home, options);
      expectOracle(options);
    },
  );

  test("all of the home put back, with fewer ratings than were read since", async () => {
    await work(OPTIONS);
    rmSync(home, { recursive: true });
    renameSync(older, home);
    await send(home, random, half(1), BATCH_RECORDS_MAX);
    await runProcess(home, OPTIONS);
    expectOracle(OPTIONS);
  });
});

describe("a movie in two partitions", () => {
  test("is exit 4 as soon as it is seen, at every start, and in a rebuild", async () => {
    await work(OPTIONS);
    const [movieId] = results.storedResults(home).anomalies[0][0].split(":");
    await send(home, random, [[], [{ line: `2040-01-01,${movieId},7,3` }]], 1);
    for (const rebuild of [false, false, true]) {
      const error = await runProcess(home, { ...OPTIONS, rebuild }).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).exitCode).toBe(4);
      expect((error as UserError).message).toContain("in partitions 0 and 1");
    }
  });
});
