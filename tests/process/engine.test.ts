/** When a run ends: at its goal and not after it, and at once when a side failed, whatever a reader still waits for. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResultTable } from "../../src/table/contract.ts";
import type { Slice, TopicReader } from "../../src/topic/contract.ts";
import { Random } from "../generate/random.ts";
import { type ProcessOptions, runProcess, send, setUp } from "../recovery/embedded-home.ts";
import { expectedResults, storedResults } from "../recovery/results.ts";

let home: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "tidemark-engine-"));
  await setUp(home, 1);
  // A batch each, and so a slice.
  for (const day of [10, 11, 12, 13]) await send(home, new Random(1), [[{ line: `2002-09-${day},1,7,4` }]], 1);
});
afterEach(() => rmSync(home, { recursive: true }));

const RULES = { mode: "C", anomalyDays: 1, anomalyMinCount: 1, anomalyMinMean: 4, drainAt: [[4]] } as const;
const OPTIONS: ProcessOptions = { rules: RULES, titles: new Map([[1, "One"]]) };

/** A reader whose reads from an offset on are something else. */
function readingFrom(offset: number, read: () => Promise<Slice>) {
  return (ratings: TopicReader): TopicReader => ({
    ...ratings,
    read: (partition, from, maxBytes) => (from >= offset ? read() : ratings.read(partition, from, maxBytes)),
  });
}

test("an epoch that the table refuses ends the run, although a broker owes an answer", async () => {
  const around = (table: ResultTable): ResultTable =>
    new Proxy(table, {
      get: (of, name) => {
        if (name === "apply") return async () => Promise.reject(new Error("the table refuses"));
        const value = Reflect.get(of, name);
        return typeof value === "function" ? value.bind(of) : value;
      },
    });
  const aroundRatings = readingFrom(2, () => new Promise(() => {}));
  await expect(runProcess(home, { ...OPTIONS, around, aroundRatings })).rejects.toThrow("the table refuses");
});

test("what comes behind the end that --once and --drain go to is not even read", async () => {
  const aroundRatings = readingFrom(4, () => Promise.reject(new Error("damaged")));
  await runProcess(home, { ...OPTIONS, goal: "once", aroundRatings });
  await runProcess(home, { ...OPTIONS, goal: "drain", aroundRatings });
  const { rows, anomalies } = storedResults(home);
  const { rows: expectedRows, anomalies: expectedAnomalies } = expectedResults(home, OPTIONS.titles, RULES);
  expect([rows, anomalies]).toEqual([expectedRows, expectedAnomalies]);
});
