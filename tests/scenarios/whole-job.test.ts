/**
 * The whole job as a user runs it, on input as awkward as the real one: setup, produce, process, consume; every row,
 * anomaly, rejected line and total against the naive oracle. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readdirSync } from "node:fs";
import { type TitlesFile, writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { differences, expectedOf, flagsOf, foundRejected, type Job, rejectedOf, rowsOf, totalsOf } from "./expectation.ts";
import { keyOf, partitionOf, sentLines } from "./sent-lines.ts";
import { Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 7);
const SAMPLE_ROWS = 200_000;

const input = new Workplace();
let titlesText = "";
beforeAll(() => {
  console.log(`TEST_SEED=${SEED}`);
  titlesText = writeAwkwardInput(input, SEED, SAMPLE_ROWS);
});
afterAll(() => input.remove());

const workplaces: Workplace[] = [];
afterAll(() => {
  for (const work of workplaces) work.remove();
});

/** A workplace with the awkward ratings in it. */
function newWorkplace(): Workplace {
  const work = new Workplace();
  workplaces.push(work);
  cpSync(input.path("data"), work.path("data"), { recursive: true });
  return work;
}

/** Compares all that a job left with what the oracle says. */
function check(work: Workplace, job: Job, titles: string, stderr: string, drainAt?: number[][]): void {
  const expected = expectedOf(work, job, titles, drainAt);
  expect(differences(work.rows(), rowsOf(expected))).toEqual([]);
  const [anomalies] = work.topic("netflix-ratings-anomalies");
  for (const [partition, own] of expected.anomalies.entries()) {
    const found = anomalies.filter(({ headers }) => headers.partition === String(partition));
    const texts = found.map(({ key, value }) => `${key}: ${value}`);
    expect(differences(texts, own.map(({ key, line }) => `${key}: ${line}`))).toEqual([]);
  }
  const found = foundRejected(work, expected.totals.length);
  for (const [partition, rejected] of rejectedOf(work, expected).entries()) {
    expect(differences(found[partition], rejected)).toEqual([]);
  }
  for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
  const printed = work.succeed("consume-kafka --once --from-beginning");
  expect(differences(printed.stdout.split("\n"), [...anomalies.map(({ value }) => String(value)), ""])).toEqual([]);
}

test("produce sends every line that is no header and not blank, in order, keyed by its movie", () => {
  const work = newWorkplace();
  work.succeed("setup");
  const { stdout, stderr } = work.succeed("produce");
  expect(stdout).toBe("");
  expect(stderr).toContain("0-before-1970.csv has no header line: its first line is a rating and was sent");
  const [records] = work.topic();
  const lines = sentLines(work.path("data/ratings"));
  expect(differences(records.map(({ value }) => value?.toString("latin1") ?? "null"), lines)).toEqual([]);
  const keyless = records.filter(({ key, value }) => {
    const movieId = keyOf(value?.toString("latin1") ?? "");
    if (movieId !== undefined) expect(key).toBe(movieId);
    return key === null;
  });
  expect(keyless.length).toBeGreaterThan(100);
  expect(stderr).toContain(`${keyless.length} lines have no valid movie id`);
});

const JOBS: [Job, TitlesFile][] = [
  [{ mode: "A", days: 1, minCount: 2, minMean: 2 }, "latin-1"],
  [{ mode: "A", days: 30, minCount: 70, minMean: 4 }, "utf-8 with header"],
  [{ mode: "C", days: 1, minCount: 1, minMean: 0 }, "windows-1250 with header"],
  [{ mode: "C", days: 30, minCount: 5, minMean: 3.6 }, "utf-8 marked"],
  [{ mode: "C", days: 7, minCount: 3, minMean: 4.25 }, "latin-1 with header"],
];

describe("process --drain", () => {
  test.each(JOBS)("%j with titles in %s", (job, titlesFile) => {
    const work = newWorkplace();
    const titles = writeTitles(work, titlesText, titlesFile);
    work.succeed("setup");
    work.succeed("produce");
    const { stdout, stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
    expect(stdout).toBe("");
    check(work, job, titles, stderr);
    // What was seen is what the test is about.
    expect(work.topic("netflix-ratings-anomalies")[0].length).toBeGreaterThan(10);
    expect(stderr).toMatch(/rejected \d{3,} \(malformed \d{3,}, late \d{2,}, future 2\); late for some windows \d{3,}/);
    expect(stderr).toContain("later title".length > 0 ? "movie 30001 has its title on line" : "");
  });
});

test("four partitions: each movie where Kafka's partitioner puts it, each partition by itself as the oracle says", () => {
  const work = newWorkplace();
  const titles = writeTitles(work, titlesText, "utf-8 with header");
  const job: Job = { mode: "C", days: 2, minCount: 2, minMean: 3 };
  work.succeed("setup --partitions 4");
  work.succeed("produce");
  const lines = sentLines(work.path("data/ratings"));
  const homes = new Map<string, number>();
  for (const [partition, records] of work.topic().entries()) {
    for (const { key } of records) {
      expect(homes.get(key ?? "") ?? partition).toBe(partition);
      homes.set(key ?? "", partition);
    }
    const own = lines.filter((line) => homes.get(keyOf(line) ?? "?") === partition);
    const valid = records.map(({ value }) => value?.toString("latin1") ?? "").filter((line) => keyOf(line) !== undefined);
    expect(differences(valid, own)).toEqual([]);
  }
  const [keyless, ...keys] = [homes.get(""), ...[...homes].filter(([key]) => key !== "")];
  expect(keyless).toBe(0);
  const misplaced = (keys as [string, number][]).filter(([key, partition]) => partitionOf(key, 4) !== partition);
  expect(misplaced).toEqual([]);
  const { stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
  check(work, job, titles, stderr);
});
