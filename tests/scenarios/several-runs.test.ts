/**
 * The job in many runs, as cron does it: each run goes on where the one before ended, and what is left in the end is
 * what one run leaves. Also titles that change between runs, and a rebuild. `TEST_SEED` makes other input.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { cpSync, readdirSync } from "node:fs";
import { writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import {
  anomaliesOf,
  differences,
  expectedOf,
  expectLeft,
  flagsOf,
  foundAnomalies,
  type Job,
  rowsOf,
  totalsOf,
} from "./expectation.ts";
import { Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 11);
const SAMPLE_ROWS = 20_000;

const input = new Workplace();
let titlesText = "";
beforeAll(() => {
  console.log(`TEST_SEED=${SEED}`);
  titlesText = writeAwkwardInput(input, SEED, SAMPLE_ROWS);
});
afterAll(() => input.remove());

let work: Workplace;
afterEach(() => work.remove());

/** A workplace with one folder of ratings a day, in the order of the files. Returns the folders. */
function prepare(partitions: number): string[] {
  work = new Workplace();
  work.succeed(`setup --partitions ${partitions}`);
  return readdirSync(input.path("data/ratings"))
    .sort()
    .map((name, day) => {
      cpSync(input.path("data/ratings", name), work.path(`day-${day}`, name));
      return `day-${day}`;
    });
}

/** How many records each partition holds now. */
const ends = (): number[] => work.topic().map((records) => records.length);

test.each<[Job, number]>([
  [{ mode: "A", days: 1, minCount: 2, minMean: 2 }, 1],
  [{ mode: "C", days: 30, minCount: 3, minMean: 3.5 }, 3],
])("%j in %d partitions: --once after every file, then --drain, leaves what one run leaves", (job, partitions) => {
  const folders = prepare(partitions);
  const titles = writeTitles(work, titlesText, "utf-8 with header");
  let rowsSeen = 0;
  let printed = "";
  for (const folder of folders) {
    work.succeed(`produce --ratings ${folder}`);
    work.succeed(`process --once ${flagsOf(job)}`);
    const rows = work.rows().length;
    expect(rows).toBeGreaterThanOrEqual(rowsSeen);
    rowsSeen = rows;
    printed += work.succeed("consume-kafka --once").stdout;
  }
  const { stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
  printed += work.succeed("consume-kafka --once").stdout;

  const ratings = work.topic();
  const expected = expectedOf(ratings, job, titles);
  expectLeft(work, ratings, expected);
  for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
  // Nothing printed twice, nothing left out.
  expect(printed).toBe(work.succeed("consume-kafka --once --from-beginning").stdout);
  expect(rowsSeen).toBeGreaterThan(1000);

  const before = work.rows();
  work.succeed(`process --drain ${flagsOf(job)}`);
  expect(work.rows()).toEqual(before);
  expectLeft(work, ratings, expected);
});

test("a --drain between two files closes the windows for good: what comes for them later is late", () => {
  const folders = prepare(2);
  const titles = writeTitles(work, titlesText, "latin-1");
  const job: Job = { mode: "C", days: 7, minCount: 2, minMean: 3 };
  const drains: number[][] = [[], []];
  for (const [day, folder] of folders.entries()) {
    work.succeed(`produce --ratings ${folder}`);
    const drained = day % 3 === 2;
    work.succeed(`process ${drained ? "--drain" : "--once"} ${flagsOf(job)}`);
    if (drained) for (const [partition, end] of ends().entries()) drains[partition].push(end);
  }
  const ratings = work.topic();
  const expected = expectedOf(ratings, job, titles, drains);
  expectLeft(work, ratings, expected);
  const undisturbed = expectedOf(ratings, job, titles, [[], []]);
  expect(expected.rejected.length).toBeGreaterThan(undisturbed.rejected.length);
});

test("mode A: titles that were added or changed reach every row at the next start, and no anomaly twice", () => {
  const [first, ...others] = prepare(1);
  const job: Job = { mode: "A", days: 3, minCount: 2, minMean: 3 };
  const fewer = titlesText.split("\n").filter((line) => !/^\d*[05],/.test(line));
  const titlesBefore = writeTitles(work, fewer.join("\n"), "utf-8 marked");
  for (const folder of [first, ...others]) work.succeed(`produce --ratings ${folder}`);
  work.succeed(`process --once ${flagsOf(job)}`);
  const ratings = work.topic();
  const undrained = { before: expectedOf(ratings, job, titlesBefore, [[]]) };
  expectLeft(work, ratings, undrained.before);

  const changed = titlesText.split("\n").map((line) => line.replace(/^(\d*7,.*),/, "$1,Renamed "));
  const titlesAfter = writeTitles(work, changed.join("\n"), "utf-8 marked");
  const { stderr } = work.succeed(`process --once ${flagsOf(job)}`);
  const after = expectedOf(ratings, job, titlesAfter, [[]]);
  expect(differences(work.rows(), rowsOf(after))).toEqual([]);
  expect(foundAnomalies(work, 1)).toEqual(anomaliesOf(undrained.before));
  expect(after.rows.size).toBeGreaterThan(undrained.before.rows.size + 1000);
  expect(stderr).toContain("info  read ");

  // Windows that were still open have their titles from the new file.
  work.succeed(`process --drain ${flagsOf(job)}`);
  const [closedBefore] = anomaliesOf(undrained.before);
  const [drained] = anomaliesOf(expectedOf(ratings, job, titlesAfter));
  const late = drained.slice(after.anomalies[0].length);
  expect(foundAnomalies(work, 1)).toEqual([[...closedBefore, ...late]]);
});

test("--rebuild over a finished job leaves the same rows, and puts out nothing twice", () => {
  const folders = prepare(2);
  const titles = writeTitles(work, titlesText, "utf-8 with header");
  const job: Job = { mode: "C", days: 1, minCount: 1, minMean: 3 };
  for (const folder of folders) work.succeed(`produce --ratings ${folder}`);
  work.succeed(`process --drain ${flagsOf(job)}`);
  const ratings = work.topic();
  const expected = expectedOf(ratings, job, titles);
  expectLeft(work, ratings, expected);
  const { stderr } = work.succeed(`process --drain --rebuild ${flagsOf(job)}`);
  expect(stderr).toContain("rebuilding");
  expectLeft(work, ratings, expected);
  expect(work.succeed("consume-kafka --once").stdout.trimEnd().split("\n").length).toBe(
    expected.anomalies.flat().length,
  );
});
