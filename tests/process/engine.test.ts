/** When a run ends: at its goal and not after it, and at once when a side failed, whatever a reader still waits for. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResultTable } from "../../src/table/contract.ts";
import type { OutputTopics, Slice, TopicReader } from "../../src/topic/contract.ts";
import { Random } from "../generate/random.ts";
import { type ProcessOptions, runProcess, send, setUp } from "../recovery/embedded-home.ts";
import { difference, expectedResults, storedResults } from "../recovery/results.ts";

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

/** A side whose `apply` is something else. */
function applying<Side extends object>(apply: () => Promise<void>) {
  return (side: Side): Side =>
    new Proxy(side, {
      get: (of, name) => {
        if (name === "apply") return apply;
        const value = Reflect.get(of, name);
        return typeof value === "function" ? value.bind(of) : value;
      },
    });
}

const never = () => new Promise<never>(() => {});
const refusing = applying<ResultTable>(() => Promise.reject(new Error("the table refuses")));

test("an epoch that the table refuses ends the run, although a broker owes an answer", async () => {
  const options = { ...OPTIONS, around: refusing, aroundRatings: readingFrom(2, never) };
  await expect(runProcess(home, options)).rejects.toThrow("the table refuses");
});

test("an epoch that the table refuses ends the run, although the topics are still being filled", async () => {
  const options = { ...OPTIONS, around: refusing, aroundOutputs: applying<OutputTopics>(never) };
  await expect(runProcess(home, options)).rejects.toThrow("the table refuses");
});

test("slices that are memory of their own are given back when they were worked on", async () => {
  const slices: Uint8Array[] = [];
  const aroundRatings = (ratings: TopicReader): TopicReader => ({
    ...ratings,
    read: async (partition, from, maxBytes) => {
      const slice = await ratings.read(partition, from, maxBytes);
      const bytes = new Uint8Array(slice.bytes);
      slices.push(bytes);
      return { ...slice, bytes, isOwn: true };
    },
  });
  await runProcess(home, { ...OPTIONS, goal: "drain", aroundRatings });
  expect(slices.map(({ length }) => length)).toEqual(slices.map(() => 0));
  expect(slices.length).toBeGreaterThan(1);
  expect(difference(storedResults(home), expectedResults(home, OPTIONS.titles, RULES))).toBeUndefined();
});

test("what comes behind the end that --once and --drain go to is not even read", async () => {
  const aroundRatings = readingFrom(4, () => Promise.reject(new Error("damaged")));
  await runProcess(home, { ...OPTIONS, goal: "once", aroundRatings });
  await runProcess(home, { ...OPTIONS, goal: "drain", aroundRatings });
  const { rows, anomalies } = storedResults(home);
  const { rows: expectedRows, anomalies: expectedAnomalies } = expectedResults(home, OPTIONS.titles, RULES);
  expect([rows, anomalies]).toEqual([expectedRows, expectedAnomalies]);
});
