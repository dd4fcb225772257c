/**
 * The same sources under Deno: the demo's job, on awkward input, leaves and prints what the executable does, and each
 * goes on with what the other left. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { differences, foundRejected } from "./expectation.ts";
import { EXECUTABLE, ROOT, Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 5);
const SAMPLE_ROWS = 100_000;
const DENO = [join(ROOT, "node_modules", ".bin", "deno"), "run", "-A", join(ROOT, "src", "main.ts")];

const workplaces: Workplace[] = [];
afterAll(() => {
  for (const work of workplaces) work.remove();
});

function newWorkplace(program: readonly string[]): Workplace {
  const work = new Workplace();
  work.program = program;
  workplaces.push(work);
  return work;
}

const input = newWorkplace([EXECUTABLE]);
let expected: Record<string, string[]> = {};
beforeAll(() => {
  console.log(`TEST_SEED=${SEED}`);
  writeTitles(input, writeAwkwardInput(input, SEED, SAMPLE_ROWS), "windows-1250 with header");
  expected = leftBy(demo({ setup: [EXECUTABLE], process: [EXECUTABLE] }));
});

/** The demo's commands. */
function demo(programs: { setup: readonly string[]; process: readonly string[] }): Workplace {
  const work = newWorkplace(programs.setup);
  cpSync(input.path("data"), work.path("data"), { recursive: true });
  work.succeed("setup");
  work.succeed("produce");
  work.succeed("process --mode C --once");
  work.program = programs.process;
  work.succeed("process --mode C --drain");
  return work;
}

/** All that a job leaves or prints, a list each. */
function leftBy(work: Workplace): Record<string, string[]> {
  return {
    rows: work.rows(),
    rejected: foundRejected(work, 1)[0],
    anomalies: work.succeed("consume-kafka --once --from-beginning").stdout.split("\n"),
    newest: work.succeed("consume-jdbc --once").stdout.split("\n"),
    totals: work.succeed("process --mode C --once").stderr.match(/(read|\d+ results) .*/g) ?? [],
  };
}

const WAYS = {
  "Deno alone leaves": { setup: DENO, process: DENO },
  "Deno, then the executable, leave": { setup: DENO, process: [EXECUTABLE] },
  "the executable, then Deno, leave": { setup: [EXECUTABLE], process: DENO },
};

test.each(Object.entries(WAYS))("%s what the executable leaves", (_, programs) => {
  const found = leftBy(demo(programs));
  for (const [what, lines] of Object.entries(expected)) {
    expect({ what, differences: differences(found[what], lines) }).toEqual({ what, differences: [] });
  }
});

test("which is something", () => {
  expect(expected.anomalies.length).toBeGreaterThan(20);
  expect(expected.rows.length).toBeGreaterThan(10_000);
  expect(expected.rejected.length).toBeGreaterThan(1000);
  expect(expected.newest.length).toBe(52);
  expect(expected.totals.length).toBe(2);
});
