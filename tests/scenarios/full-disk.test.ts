/**
 * A disk that fills up in the middle of the work: exit 3, and once there is room the next start goes on with nothing
 * lost and nothing doubled. Full is a limit on the size of files, and a small tmpfs where one may be mounted.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, cpSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { differences, expectedOf, expectLeft, flagsOf, type Job } from "./expectation.ts";
import { sentLines } from "./sent-lines.ts";
import { expectFull, SmallDisk, withFileLimit } from "./small-disk.ts";
import { EXECUTABLE, type Outcome, Workplace } from "./workplace.ts";

const SEED = 3;
const SAMPLE_ROWS = 20_000;
/** Anomalies, rows and checkpoints enough to run into every limit below. */
const JOB: Job = { mode: "C", days: 1, minCount: 1, minMean: 0 };
const PROCESS = `process --drain ${flagsOf(JOB)}`;

const input = new Workplace();
let titles = "";
beforeAll(() => {
  titles = writeTitles(input, writeAwkwardInput(input, SEED, SAMPLE_ROWS), "utf-8 with header");
});
afterAll(() => input.remove());

let work: Workplace;
beforeEach(() => {
  work = new Workplace();
  cpSync(input.path("data"), work.path("data"), { recursive: true });
});
afterEach(() => work.remove());

const text = (value: Buffer | null): string => value?.toString("latin1") ?? "no value";

/** Sends again after a failure: what had arrived stands whole before it, and was reported. */
function expectSentAfter(failures: readonly Outcome[]): void {
  const lines = sentLines(work.path("data/ratings"));
  const arrived = failures.map(({ stderr }) => Number(/warn {2}(\d+) lines are on the topic/.exec(stderr)?.[1] ?? 0));
  expect(Math.max(...arrived)).toBeGreaterThan(1000);
  const expected = [...arrived.flatMap((count) => lines.slice(0, count)), ...lines];
  const [records] = work.topic();
  expect(
    differences(
      records.map(({ value }) => text(value)),
      expected,
    ),
  ).toEqual([]);
}

/** Writes until there is no room for a byte more. */
function fill(path: string): void {
  writeFileSync(path, "");
  expect(() => {
    for (;;) appendFileSync(path, Buffer.alloc(4096));
  }).toThrow("ENOSPC");
}

function expectWholeJob(): void {
  const ratings = work.topic();
  expectLeft(work, ratings, expectedOf(ratings, JOB, titles));
  const printed = work.succeed("consume-kafka --once").stdout;
  expect(printed.split("\n").length - 1).toBe(work.topic("netflix-ratings-anomalies")[0].length);
}

describe("files that may not grow", () => {
  /** Runs a command while no file may grow beyond this many blocks of 512 bytes. */
  function limited(blocks: number, commandLine: string): Outcome {
    work.program = withFileLimit(blocks, [EXECUTABLE]);
    try {
      return work.run(commandLine);
    } finally {
      work.program = [EXECUTABLE];
    }
  }

  test("stop produce and process, until they may", () => {
    work.succeed("setup");
    const failures = [40, 700].map((blocks) => limited(blocks, "produce"));
    for (const failure of failures) expectFull(failure);
    work.succeed("produce");
    expectSentAfter(failures);

    for (const blocks of [1, 20, 100, 300, 1000]) expectFull(limited(blocks, PROCESS));
    work.succeed(PROCESS);
    expectWholeJob();
  });

  test("do not stop cleanup, which makes room", () => {
    work.succeed("setup");
    work.succeed("produce");
    expectFull(limited(1000, PROCESS));
    expect(limited(1, "cleanup --yes")).toMatchObject({ code: 0, stdout: "" });
    expect(existsSync(work.path("tidemark-data"))).toBe(false);
  });
});

// Only root may mount, and not everywhere; there the limit on files above has to stand for a full disk.
describe.skipIf(!SmallDisk.isPossible())("a small disk", () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = new SmallDisk(work.path("tidemark-data"), 400);
  });
  afterEach(() => disk.remove());

  test("stops produce and process, until there is room", () => {
    work.succeed("setup");
    const failures = [work.run("produce"), work.run("produce")];
    for (const failure of failures) expectFull(failure);
    disk.resize(2600);
    work.succeed("produce");
    expectSentAfter(failures);

    let fullTimes = 0;
    for (let sizeKib = 2600; ; sizeKib += 1000) {
      disk.resize(sizeKib);
      const outcome = work.run(PROCESS);
      if (outcome.code === 0) break;
      expectFull(outcome);
      fullTimes++;
    }
    console.log(`the disk was full ${fullTimes} times`);
    expect(fullTimes).toBeGreaterThan(1);
    expectWholeJob();
  });

  test.each(["ended well", "was stopped by it"])(
    "does not stop cleanup, not even without a single free byte, where the last process %s",
    (end) => {
      work.succeed("setup");
      disk.resize(end === "ended well" ? 30_000 : 2600);
      work.succeed("produce");
      const outcome = work.run(PROCESS);
      if (end === "ended well") expect(outcome.code).toBe(0);
      else expectFull(outcome);
      fill(work.path("tidemark-data/filler"));
      expect(work.run("cleanup --yes")).toMatchObject({ code: 0, stdout: "" });
      expect(readdirSync(work.path("tidemark-data"))).toEqual(["filler"]);
    },
  );
});
