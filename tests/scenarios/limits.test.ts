/**
 * The settings that bound what is kept and what is believed: each does what its help says, by the naive oracle, over
 * several runs. `TEST_SEED` makes other input.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import type { OracleReason } from "../oracle.ts";
import { writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { expectedOf, expectLeft, flagsOf, type Job, totalsOf } from "./expectation.ts";
import { Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 13);
const SAMPLE_ROWS = 6_000;
const JOB: Job = { mode: "C", days: 3, minCount: 1, minMean: 2 };

const input = new Workplace();
let titles = "";
beforeAll(() => {
  console.log(`TEST_SEED=${SEED}`);
  titles = writeTitles(input, writeAwkwardInput(input, SEED, SAMPLE_ROWS), "utf-8 with header");
});
afterAll(() => input.remove());

let work: Workplace;
afterEach(() => work.remove());

// How often a reason must come up, for the limit to have been met; 0 for never.
test.each<[string, Job, Partial<Record<OracleReason, number>>]>([
  ["dates are believed far ahead", { ...JOB, maxFutureDays: 3_000_000 }, { future: 0, late: 5000 }],
  ["all dates are believed", { ...JOB, mode: "A", maxFutureDays: "off" }, { future: 0, late: 0 }],
  ["no date of the future is believed", { ...JOB, maxFutureDays: 0 }, { future: 4 }],
  ["mode A forgets windows", { ...JOB, mode: "A", retainDays: 45 }, { late: 100 }],
  ["few movies", { ...JOB, maxMovies: 200 }, { "too-many-movies": 5000 }],
  ["few windows, in mode A for good", { ...JOB, mode: "A", maxWindows: 40 }, { "too-many-windows": 5000 }],
  ["few windows, in mode C until one is final", { ...JOB, maxWindows: 1 }, { "too-many-windows": 100 }],
])("%s: %j", (_, job, met) => {
  work = new Workplace();
  cpSync(input.path("data"), work.path("data"), { recursive: true });
  work.succeed("setup --partitions 2");
  work.succeed("produce");
  work.succeed(`process --once ${flagsOf(job)}`);
  const halves = work.topic().map((records) => records.length);
  work.succeed("produce");
  const { stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
  const ratings = work.topic();
  expect(ratings.map((records) => records.length / 2)).toEqual(halves);

  const expected = expectedOf(ratings, job, titles);
  expectLeft(work, ratings, expected);
  for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
  for (const [reason, least] of Object.entries(met)) {
    const seen = expected.rejected.filter((rejected) => rejected.reason === reason).length;
    if (least === 0) expect({ reason, seen }).toEqual({ reason, seen: 0 });
    else expect(seen).toBeGreaterThanOrEqual(least);
  }
});
