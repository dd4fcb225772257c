/**
 * The oracle against examples worked out by hand from the contract: dates and sums are written out here, never
 * computed the way the oracle computes them. What it takes for a valid line or a title is tested in `oracle/`.
 */
import { describe, expect, test } from "bun:test";
import { type OracleInput, type OracleResult, runOracle } from "./oracle.ts";

const TITLES = new Map([
  [1, "One"],
  [2, "Two"],
  [9, "Nine"],
  [10, "Ten"],
]);
/** Starts of the 30-day windows that hold 2002-09-10 to 10-09 (day 11940 = 398 x 30) and 10-10 to 11-08. */
const SEPTEMBER = 1_031_616_000;
const OCTOBER = 1_034_208_000;

type Settings = Partial<Omit<OracleInput, "partitions">>;

/** One partition of plain lines, mode C, windows of one day, every window with a rating an anomaly. */
function run(lines: readonly (string | null)[], settings: Settings = {}): OracleResult {
  const partitions = [lines.map((line) => ({ line }))];
  const defaults = { titles: TITLES, mode: "C", anomalyDays: 1, anomalyMinCount: 1, anomalyMinMean: 0 } as const;
  return runOracle({ partitions, ...defaults, ...settings });
}

const keys = (result: OracleResult): string[] => [...result.rows.keys()];
const counts = (result: OracleResult): string[] => [...result.rows].map(([key, { count }]) => `${key}=${count}`);
const lines = (result: OracleResult, partition = 0): string[] => result.anomalies[partition].map(({ line }) => line);
const reasons = (result: OracleResult): string[] => result.rejected.map(({ offset, reason }) => `${offset}:${reason}`);
const utc = (text: string): number => Date.parse(text);

describe("anomalies", () => {
  test("the seed's own line: 26 threes and 10 fours on one day", () => {
    const ratings = [...Array(26).fill("2002-09-20,7,u,3"), ...Array(10).fill("2002-09-20,7,u,4")];
    const settings = { titles: new Map([[7, "K-Pax"]]), anomalyMinCount: 36, anomalyMinMean: 3.2 };
    const result = run([...ratings, "2002-09-22,7,u,1"], settings);
    expect(result.anomalies).toEqual([
      [{ key: "7", line: "2002-09-20 00:00:00,2002-09-21 00:00:00,K-Pax,36,3.2777777777777777" }],
    ]);
    expect(lines(run([...ratings, "2002-09-22,7,u,1"], { ...settings, anomalyMinCount: 37 }))).toEqual([]);
    expect(lines(run([...ratings, "2002-09-22,7,u,1"], { ...settings, anomalyMinMean: 3.3 }))).toEqual([]);
  });

  test("a mean that equals the least mean is enough; before 1970 a day begins at its own midnight", () => {
    const result = run(["1969-12-30T23:59,1,u,4", "1970-01-02,1,u,1"], { anomalyMinMean: 4 });
    expect(lines(result)).toEqual(["1969-12-30 00:00:00,1969-12-31 00:00:00,One,1,4.0"]);
  });

  test("a window is final when its end equals the watermark, and not a millisecond earlier", () => {
    const before = run(["2002-09-20,1,u,4", "2002-09-21T23:59:59.999,1,u,4"]);
    expect(lines(before)).toEqual([]);
    expect(before.watermarkMs).toEqual([utc("2002-09-20T23:59:59.999Z")]);
    const at = run(["2002-09-20,1,u,4", "2002-09-22T00:00:00,1,u,4"]);
    expect(lines(at)).toEqual(["2002-09-20 00:00:00,2002-09-21 00:00:00,One,1,4.0"]);
    expect(at.watermarkMs).toEqual([utc("2002-09-21T00:00:00Z")]);
  });

  test("windows of 2 days slide by 1 day, and are handed out by end, then by movie id as a number", () => {
    const result = run(["2002-09-21,10,u,5", "2002-09-20,9,u,2", "2002-09-21,9,u,3", "2002-09-24,1,u,1"], {
      anomalyDays: 2,
    });
    expect(result.anomalies[0].map(({ key }) => key)).toEqual(["9", "9", "10", "9", "10"]);
    expect(lines(result)).toEqual([
      "2002-09-19 00:00:00,2002-09-21 00:00:00,Nine,1,2.0",
      "2002-09-20 00:00:00,2002-09-22 00:00:00,Nine,2,2.5",
      "2002-09-20 00:00:00,2002-09-22 00:00:00,Ten,1,5.0",
      "2002-09-21 00:00:00,2002-09-23 00:00:00,Nine,1,3.0",
      "2002-09-21 00:00:00,2002-09-23 00:00:00,Ten,1,5.0",
    ]);
  });

  test("windows close between two ratings: by one movie's rating for another movie, in both modes", () => {
    for (const mode of ["A", "C"] as const) {
      const result = run(["2002-09-20,1,u,4", "2002-09-22,2,u,4", "2002-09-20,1,u,5", "2002-09-21,1,u,5"], { mode });
      expect(lines(result)).toEqual(["2002-09-20 00:00:00,2002-09-21 00:00:00,One,1,4.0"]);
    }
  });
});

describe("rows", () => {
  test("mode A rewrites rows at once: count, sum, distinct values; 30 days aligned to 1970, also before it", () => {
    const result = run(
      ["2002-09-10,1,u,4", "2002-10-09T23:59:59,1,v,4", "2002-10-10,1,u,5", "1969-12-31,2,u,3", "1969-12-01,2,u,3"],
      { mode: "A" },
    );
    expect([...result.rows.values()]).toEqual([
      { windowStart: SEPTEMBER, movieId: 1, title: "One", count: 2, sum: 8, distinct: 1 },
      { windowStart: OCTOBER, movieId: 1, title: "One", count: 1, sum: 5, distinct: 1 },
      { windowStart: -2_592_000, movieId: 2, title: "Two", count: 1, sum: 3, distinct: 1 }, // 1969-12-02
      { windowStart: -5_184_000, movieId: 2, title: "Two", count: 1, sum: 3, distinct: 1 }, // 1969-11-02
    ]);
    expect(keys(result)[0]).toBe(`${SEPTEMBER}|1`);
  });

  test("mode C hands out final rows only, by window end, then by movie id as a number", () => {
    const september = ["2002-09-20,10,u,4", "2002-09-20,9,u,4", "2002-09-21,9,u,5"];
    expect(keys(run([...september, "2002-10-10T23:59:59,1,u,1"]))).toEqual([]);
    const result = run([...september, "2002-10-11,1,u,1"]);
    expect(keys(result)).toEqual([`${SEPTEMBER}|9`, `${SEPTEMBER}|10`]);
    const nine = { windowStart: SEPTEMBER, movieId: 9, title: "Nine", count: 2, sum: 9, distinct: 2 };
    expect(result.rows.get(`${SEPTEMBER}|9`)).toEqual(nine);
  });

  test("a movie without a title is left out of rows and anomalies, but counted", () => {
    const result = run(["2002-09-20,77,u,5", "2002-11-30,1,u,1"]);
    expect(keys(result)).toEqual([]);
    expect(lines(result)).toEqual([]);
    expect(result.totals[0].counted).toBe(2);
    expect(result.untitled).toEqual([2]); // the row and the anomaly of 77
  });

  test("in the table a title is cut at 128 characters, counted without U+0000", () => {
    const titles = new Map([[1, `\0${"😀".repeat(129)}`]]);
    const result = run(["2002-09-20,1,u,5"], { mode: "A", titles });
    expect(result.rows.get(`${SEPTEMBER}|1`)?.title).toBe("😀".repeat(128));
  });
});

describe("lateness", () => {
  test("a rating for a final day still counts in its open 30 days: partly late", () => {
    const result = run(["2002-09-22,1,u,4", "2002-09-20,1,u,5", "2002-11-30,1,u,1"]);
    expect(counts(result)).toEqual([`${SEPTEMBER}|1=2`]);
    expect(lines(result)).toEqual(["2002-09-22 00:00:00,2002-09-23 00:00:00,One,1,4.0"]);
    expect(result.totals[0]).toMatchObject({ read: 3, counted: 3, partlyLate: 1 });
    expect(result.rejected).toEqual([]);
  });

  test("a rating for final 30 days still counts in its open longer windows: partly late", () => {
    // The watermark of 2002-10-11 is 10-10, the end of September's window. Of the 40-day windows that hold 10-05 only
    // those that end by 10-10 are final: ends 10-06 to 10-10, so 35 of 40 count it.
    const late = ["2002-10-11,1,u,4", "2002-10-05,1,u,5"];
    const result = run(late, { anomalyDays: 40, drainAt: [[2]] });
    expect(counts(result)).toEqual([`${OCTOBER}|1=1`]);
    expect(result.totals[0].partlyLate).toBe(1);
    const withIt = lines(result).filter((line) => line.endsWith(",2,4.5"));
    expect(withIt).toHaveLength(34); // the one that ends on 11-14 holds 10-05 but, starting there, 10-11 as well
    expect(lines(result)[0]).toBe("2002-09-01 00:00:00,2002-10-11 00:00:00,One,1,5.0");
    expect(lines(result)[1]).toBe("2002-09-02 00:00:00,2002-10-12 00:00:00,One,2,4.5");
    expect(lines(result)[34]).toBe("2002-10-05 00:00:00,2002-11-14 00:00:00,One,2,4.5");
    expect(lines(result)[35]).toBe("2002-10-06 00:00:00,2002-11-15 00:00:00,One,1,4.0");
  });

  test("one that counts nowhere is rejected as late; mode A's rows take it", () => {
    const input = ["2002-10-11,1,u,4", "2002-10-09,1,u,5", "2002-10-10,1,u,5"];
    const final = run(input);
    expect(reasons(final)).toEqual(["1:late"]);
    expect(final.totals[0]).toEqual({
      read: 3,
      counted: 2,
      rejectedByReason: { malformed: 0, late: 1, future: 0, "too-many-movies": 0, "too-many-windows": 0 },
      partlyLate: 0,
    });
    const fresh = run(input, { mode: "A" });
    expect(reasons(fresh)).toEqual([]);
    expect(counts(fresh)).toEqual([`${OCTOBER}|1=2`, `${SEPTEMBER}|1=1`]);
    expect(fresh.totals[0].partlyLate).toBe(1);
  });

  test("--retain: a forgotten window's row stays as it was, its ratings are rejected as late", () => {
    // Watermark 2002-10-20, less 10 days: 10-10, the end of September's window. A day less and it is still kept.
    const input = (newest: string) => ["2002-09-20,1,u,4", newest, "2002-09-21,1,u,5"];
    const forgotten = run(input("2002-10-21,1,u,3"), { mode: "A", retainDays: 10 });
    expect(counts(forgotten)).toEqual([`${SEPTEMBER}|1=1`, `${OCTOBER}|1=1`]);
    expect(reasons(forgotten)).toEqual(["2:late"]);
    const kept = run(input("2002-10-20,1,u,3"), { mode: "A", retainDays: 10 });
    expect(counts(kept)).toEqual([`${SEPTEMBER}|1=2`, `${OCTOBER}|1=1`]);
    expect(kept.totals[0].partlyLate).toBe(1);
  });

  test("--retain: what is forgotten may count in a longer window that is open", () => {
    const input = ["2002-09-20,1,u,4", "2002-10-11,1,u,3", "2002-10-09,1,u,5"];
    const result = run(input, { mode: "A", retainDays: 0, anomalyDays: 5 });
    expect(counts(result)).toEqual([`${SEPTEMBER}|1=1`, `${OCTOBER}|1=1`]);
    expect(reasons(result)).toEqual([]);
    expect(result.totals[0].partlyLate).toBe(1);
  });
});

describe("rejected ratings", () => {
  test("malformed lines and records without a value count nowhere and move no watermark", () => {
    const result = run(["2002-09-20,1,u,4", "2030-01-01,1,u,11", null, "2030-01-01,1,,4", "2002-09-19,1,u,5"]);
    expect(reasons(result)).toEqual(["1:malformed", "2:malformed", "3:malformed"]);
    expect(result.watermarkMs).toEqual([utc("2002-09-19T00:00:00Z")]);
    expect(result.totals[0]).toMatchObject({ read: 5, counted: 2 });
  });

  test("more than --max-future after the record's own timestamp; without a timestamp no check", () => {
    const timestampMs = utc("2002-09-19T12:00:00Z");
    const records = [
      { line: "2002-09-20T12:00:00,1,u,4", timestampMs },
      { line: "2002-09-20T12:00:00.001,1,u,4", timestampMs },
      { line: "2002-09-20T13:00:00,1,u,4", timestampMs: -1 },
      { line: "2002-09-20T14:00:00,1,u,4" },
      { line: "1970-01-02T00:00:00.001,1,u,4", timestampMs: 0 },
    ];
    const settings = { titles: TITLES, mode: "A", anomalyDays: 1, anomalyMinCount: 1, anomalyMinMean: 0 } as const;
    const checked = runOracle({ partitions: [records], ...settings, maxFutureMs: 86_400_000 });
    expect(reasons(checked)).toEqual(["1:future", "4:future"]);
    expect(checked.watermarkMs).toEqual([utc("2002-09-19T14:00:00Z")]);
    expect(reasons(runOracle({ partitions: [records], ...settings }))).toEqual([]);
  });

  test("too-many-windows: only open windows count, after the rating's own watermark closed what it passes", () => {
    // 10-10 opens a second window while September's is open; 10-11 closes September's first. 10-09 opens none.
    const input = ["2002-09-20,1,u,4", "2002-10-10,1,u,4", "2002-10-09,2,u,4", "2002-10-11,9,u,4"];
    expect(reasons(run(input, { maxWindows: 1 }))).toEqual(["1:too-many-windows"]);
    expect(counts(run(input, { maxWindows: 1 }))).toEqual([`${SEPTEMBER}|1=1`, `${SEPTEMBER}|2=1`]);
    expect(reasons(run(input, { maxWindows: 2 }))).toEqual([]);
    expect(reasons(run(input, { maxWindows: 1, mode: "A" }))).toEqual(["1:too-many-windows", "3:too-many-windows"]);
    const limits = { maxWindows: 1, maxMovies: 1 };
    expect(reasons(run(input, limits))).toEqual(["1:too-many-windows", "2:too-many-movies", "3:too-many-movies"]);
  });

  test("what a limit rejects has moved the watermark", () => {
    const result = run(["2002-09-20,1,u,4", "2002-10-10T12:00,1,u,4", "2002-09-20,1,u,5"], { maxWindows: 1 });
    expect(reasons(result)).toEqual(["1:too-many-windows"]);
    expect(result.watermarkMs).toEqual([utc("2002-10-09T12:00:00Z")]);
    expect(lines(result)).toEqual(["2002-09-20 00:00:00,2002-09-21 00:00:00,One,1,4.0"]);
    expect(result.totals[0].partlyLate).toBe(1);
  });

  test("too-many-windows: a rating that is late for its 30 days opens none", () => {
    const result = run(["2002-10-11,1,u,4", "2002-10-05,1,u,5"], { maxWindows: 1, anomalyDays: 40 });
    expect(reasons(result)).toEqual([]);
    expect(result.totals[0]).toMatchObject({ counted: 2, partlyLate: 1 });
  });

  test("too-many-windows: what mode A forgets is no longer open", () => {
    const input = ["2002-09-20,1,u,4", "2002-10-11,1,u,4", "2002-12-01,1,u,4"];
    const settings = { mode: "A", maxWindows: 2 } as const;
    expect(reasons(run(input, settings))).toEqual(["2:too-many-windows"]);
    expect(reasons(run(input, { ...settings, retainDays: 0 }))).toEqual([]);
  });

  test("too-many-movies: a movie that was rejected or malformed takes no place", () => {
    const places = ["2002-09-20,1,u,11", "2002-09-20,2,u,4", "2002-09-23,9,u,4", "2002-09-21,2,u,4"];
    const input = [...places, "2002-09-20,10,u,4"];
    const result = run(input, { maxMovies: 1 });
    expect(reasons(result)).toEqual(["0:malformed", "2:too-many-movies", "4:too-many-movies"]);
    expect(result.watermarkMs).toEqual([utc("2002-09-22T00:00:00Z")]);
    expect(reasons(run(input, { maxMovies: 2 }))).toEqual(["0:malformed", "4:too-many-movies"]);
  });
});

describe("--drain", () => {
  test("closes every open window for good, and later ratings are judged by it", () => {
    const input = ["2002-09-20,1,u,4", "2002-09-25,1,u,5", "2002-10-10,1,u,3"];
    const result = run(input, { drainAt: [[1]] });
    expect(counts(result)).toEqual([`${SEPTEMBER}|1=1`]);
    expect(lines(result)).toEqual(["2002-09-20 00:00:00,2002-09-21 00:00:00,One,1,4.0"]);
    expect(reasons(result)).toEqual(["1:late"]);
    expect(result.watermarkMs).toEqual([utc("2002-10-10T00:00:00Z")]);
  });

  test("mode A: up to the end of the last sliding window only", () => {
    const result = run(["2002-09-20,1,u,4", "2002-09-22,1,u,5"], { mode: "A", anomalyDays: 2, drainAt: [[1]] });
    expect(lines(result)).toEqual([
      "2002-09-19 00:00:00,2002-09-21 00:00:00,One,1,4.0",
      "2002-09-20 00:00:00,2002-09-22 00:00:00,One,1,4.0",
    ]);
    expect(result.watermarkMs).toEqual([utc("2002-09-22T00:00:00Z")]);
    expect(counts(result)).toEqual([`${SEPTEMBER}|1=2`]);
  });

  test("with no open window, or with none ever, it changes nothing", () => {
    expect(run([], { drainAt: [[0]] }).watermarkMs).toEqual([undefined]);
    const twice = run(["2002-09-20,1,u,4", "nonsense"], { drainAt: [[0, 1, 2]] });
    expect(twice.watermarkMs).toEqual([utc("2002-10-10T00:00:00Z")]);
  });

  test("a movie without a title holds a window open like any other", () => {
    expect(run(["2002-09-20,77,u,4"], { drainAt: [[1]] }).watermarkMs).toEqual([utc("2002-10-10T00:00:00Z")]);
  });
});

describe("partitions", () => {
  const settings = { titles: TITLES, mode: "C", anomalyDays: 1, anomalyMinCount: 1, anomalyMinMean: 0 } as const;

  test("have watermarks, limits, drains and offsets of their own", () => {
    const partitions = [
      [{ line: "2010-01-01,1,u,4" }, { line: "x" }],
      [{ line: "2002-09-20,2,u,4" }, { line: "2002-09-19,2,u,5" }],
    ];
    const result = runOracle({ partitions, ...settings, maxMovies: 1, drainAt: [[], [2]] });
    expect(result.rejected).toEqual([{ partition: 0, offset: 1, reason: "malformed" }]);
    expect(lines(result, 0)).toEqual([]);
    expect(lines(result, 1)).toEqual([
      "2002-09-19 00:00:00,2002-09-20 00:00:00,Two,1,5.0",
      "2002-09-20 00:00:00,2002-09-21 00:00:00,Two,1,4.0",
    ]);
    expect(result.watermarkMs).toEqual([utc("2009-12-31T00:00:00Z"), utc("2002-10-10T00:00:00Z")]);
  });

  test("a movie in two of them is no input for the oracle", () => {
    const partitions = [[{ line: "2002-09-20,1,u,4" }], [{ line: "2002-09-20,1,u,4" }]];
    expect(() => runOracle({ partitions, ...settings })).toThrow("movie 1 lives in two partitions");
  });
});
