/**
 * The whole job as a user runs it, on input as awkward as the real one: setup, produce, process, consume; every row,
 * anomaly, rejected line and total against the naive oracle. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import type { OracleTotals } from "../oracle.ts";
import { type TitlesFile, writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { differences, expectedOf, expectLeft, flagsOf, type Job, totalsOf } from "./expectation.ts";
import { keyOf, partitionOf, sentLines } from "./sent-lines.ts";
import type { StoredRecord } from "./stored-records.ts";
import { Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 7);
const SAMPLE_ROWS = 200_000;

const input = new Workplace();
const workplaces = [input];
let titlesText = "";
beforeAll(() => {
  console.log(`TEST_SEED=${SEED}`);
  titlesText = writeAwkwardInput(input, SEED, SAMPLE_ROWS);
});
afterAll(() => {
  for (const work of workplaces) work.remove();
});

/** A workplace with the awkward ratings in it, sent. */
function produced(partitions: number): { work: Workplace; stderr: string } {
  const work = new Workplace();
  workplaces.push(work);
  cpSync(input.path("data"), work.path("data"), { recursive: true });
  work.succeed(`setup --partitions ${partitions}`);
  const { stdout, stderr } = work.succeed("produce");
  expect(stdout).toBe("");
  return { work, stderr };
}

/** Drains, and compares all that the job left and said; returns the totals, and how many anomalies there are. */
function drain(work: Workplace, job: Job, titles: string): { totals: OracleTotals[]; anomalies: number } {
  const { stdout, stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
  expect(stdout).toBe("");
  const ratings = work.topic();
  const expected = expectedOf(ratings, job, titles);
  expectLeft(work, ratings, expected);
  for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);

  const printed = work.succeed("consume-kafka --once").stdout;
  const anomalies = work.topic("netflix-ratings-anomalies")[0].map(({ value }) => `${value}\n`);
  expect(differences(printed.split(/(?<=\n)/), anomalies)).toEqual([]);
  return { totals: expected.totals, anomalies: anomalies.length };
}

const text = ({ value }: StoredRecord): string => value?.toString("latin1") ?? "no value";

test("produce sends every line that is no header and not blank, in order, keyed by its movie", () => {
  const { work, stderr } = produced(1);
  expect(stderr).toContain("0-before-1970.csv has no header line: its first line is a rating and was sent");
  expect(stderr).toContain("ratings-2005-handmade.csv has no header line");
  const [records] = work.topic();
  expect(differences(records.map(text), sentLines(work.path("data/ratings")))).toEqual([]);
  // A malformed line may have any key or none: nothing depends on it.
  const keys = records.map((record) => [record.key, keyOf(text(record)) ?? record.key]);
  expect(keys.filter(([key, expected]) => key !== expected)).toEqual([]);
  const keyless = records.filter(({ key }) => key === null).length;
  expect(keyless).toBeGreaterThan(100);
  expect(stderr).toContain(`${keyless} lines have no valid movie id`);
});

const JOBS: [Job, TitlesFile][] = [
  [{ mode: "A", days: 1, minCount: 2, minMean: 2 }, "latin-1"],
  [{ mode: "A", days: 30, minCount: 70, minMean: 4 }, "utf-8 with header"],
  [{ mode: "C", days: 1, minCount: 1, minMean: 0 }, "windows-1250 with header"],
  [{ mode: "C", days: 30, minCount: 5, minMean: 3.6 }, "utf-8 marked"],
];

describe("process --drain agrees with the oracle", () => {
  test.each(JOBS)("%j, titles in %s", (job, titlesFile) => {
    const { work } = produced(1);
    const titles = writeTitles(work, titlesText, titlesFile);
    const { totals, anomalies } = drain(work, job, titles);
    // Without these the input would not be what the test is for.
    const { rejectedByReason, partlyLate } = totals[0];
    expect(Math.min(rejectedByReason.malformed, partlyLate)).toBeGreaterThan(1000);
    expect(rejectedByReason.future).toBe(2);
    if (job.mode === "C") expect(rejectedByReason.late).toBeGreaterThan(1000);
    expect(anomalies).toBeGreaterThan(10);
  });

  test("in five partitions, every movie in the one where Kafka's own producers put it", () => {
    const { work } = produced(5);
    const lines = sentLines(work.path("data/ratings")).filter((line) => keyOf(line) !== undefined);
    const partitions = lines.map((line) => partitionOf(keyOf(line) ?? "", 5));
    for (const [partition, records] of work.topic().entries()) {
      const own = lines.filter((_, index) => partitions[index] === partition);
      const valid = records.filter((record) => keyOf(text(record)) !== undefined);
      expect(differences(valid.map(text), own)).toEqual([]);
    }
    const titles = writeTitles(work, titlesText, "latin-1 with header");
    const { totals } = drain(work, { mode: "C", days: 2, minCount: 2, minMean: 3 }, titles);
    expect(Math.min(...totals.map(({ read }) => read))).toBeGreaterThan(10_000);
  });
});
