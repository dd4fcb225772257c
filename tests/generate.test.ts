/** The generator keeps its promises: the same input from the same seed, and every record what it was meant as. */
import { expect, test } from "bun:test";
import { MALFORMED_WEIGHTS } from "./generate/malformed-line.ts";
import { generateRatings, KIND_WEIGHTS } from "./generate.ts";
import { parseRatingLine } from "./oracle/rating-line.ts";
import { runOracle } from "./oracle.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

test("the same seed gives the same input, another seed another", () => {
  expect(generateRatings(42, { partitions: 2 })).toEqual(generateRatings(42, { partitions: 2 }));
  expect(generateRatings(42)).not.toEqual(generateRatings(43));
});

test("lines meant as valid are, lines meant as malformed are not, and every kind turns up", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const { partitions } = generateRatings(seed, { kinds: { malformed: 100 } });
    for (const [offset, { line, kind, valid }] of partitions.flat().entries()) {
      kinds.add(kind);
      if ((parseRatingLine(line) !== undefined) === valid) continue;
      throw new Error(`seed ${seed}, record ${offset}: ${JSON.stringify(line)} (${kind}) should be valid: ${valid}`);
    }
  }
  const all = new Set([...Object.keys(KIND_WEIGHTS), ...Object.keys(MALFORMED_WEIGHTS)]);
  all.delete("malformed"); // its own kinds stand for it
  expect(kinds).toEqual(all);
});

test("the input reaches what property tests are for: every reason, partly late ratings, rows and anomalies", () => {
  const reasons = new Set<string>();
  const reached = { partlyLate: 0, rows: 0, anomalies: 0 };
  for (let seed = 1; seed <= 20; seed++) {
    const { partitions, titles } = generateRatings(seed, { partitions: 2 });
    const limits = { maxFutureMs: DAY_MS, maxMovies: 3, maxWindows: 3 };
    const thresholds = { anomalyDays: 3, anomalyMinCount: 2, anomalyMinMean: 3 };
    for (const mode of ["A", "C"] as const) {
      const result = runOracle({ partitions, titles, mode, ...thresholds, ...limits });
      for (const { reason } of result.rejected) reasons.add(reason);
      reached.partlyLate += result.totals.reduce((sum, totals) => sum + totals.partlyLate, 0);
      reached.rows += result.rows.size;
      reached.anomalies += result.anomalies.flat().length;
    }
  }
  expect([...reasons].sort()).toEqual(["future", "late", "malformed", "too-many-movies", "too-many-windows"]);
  expect(Math.min(...Object.values(reached))).toBeGreaterThan(100);
});
