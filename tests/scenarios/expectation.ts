/**
 * What a whole job must leave behind, by the naive oracle over what the ratings topic holds, in the words in which
 * `Workplace` tells what is there. Differences are given a few at a time: a job has too many rows to print them all.
 */
import { expect } from "bun:test";
import { type OracleResult, oracleTitles, runOracle } from "../oracle.ts";
import type { Outputs } from "./places.ts";
import type { StoredRecord } from "./stored-records.ts";
import type { Workplace } from "./workplace.ts";

export interface Job {
  readonly mode: "A" | "C";
  /** D, L and O. */
  readonly days: number;
  readonly minCount: number;
  readonly minMean: number;
  readonly maxFutureDays?: number | "off";
  readonly retainDays?: number;
  readonly maxMovies?: number;
  readonly maxWindows?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REJECTED_BYTES_MAX = 64 * 1024;
const DIFFERENCES_MAX = 5;
/** Stands for the value of a record that has none. */
const NO_LINE = "(none)";
const REASONS = ["malformed", "late", "future", "too-many-movies", "too-many-windows"] as const;

/** The flags of `process` that a job stands for. */
export function flagsOf(job: Job): string {
  const flags = {
    mode: job.mode,
    "anomaly-days": job.days,
    "anomaly-min-count": job.minCount,
    "anomaly-min-mean": job.minMean,
    "max-future": job.maxFutureDays,
    retain: job.retainDays,
    "max-movies": job.maxMovies,
    "max-windows": job.maxWindows,
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return given.map(([flag, value]) => `--${flag} ${value}`).join(" ");
}

/** When drains ended: per partition, how many records had been read. */
export type Drains = readonly (readonly number[])[];

/** The oracle's result for the ratings, by default with one drain at their end. */
export function expectedOf(ratings: StoredRecord[][], job: Job, titles: string, drainAt?: Drains): OracleResult {
  const { maxFutureDays = 1, retainDays, maxMovies, maxWindows } = job;
  return runOracle({
    partitions: ratings.map((records) => records.map(({ value, timestampMs }) => ({ line: value, timestampMs }))),
    titles: oracleTitles(titles),
    mode: job.mode,
    anomalyDays: job.days,
    anomalyMinCount: job.minCount,
    anomalyMinMean: job.minMean,
    maxFutureMs: maxFutureDays === "off" ? undefined : maxFutureDays * DAY_MS,
    retainDays,
    maxMovies,
    maxWindows,
    drainAt: drainAt ?? ratings.map((records) => [records.length]),
  });
}

/** As `Workplace.rows` gives them. */
export function rowsOf(result: OracleResult): string[] {
  return [...result.rows.values()]
    .sort((a, b) => a.windowStart - b.windowStart || a.movieId - b.movieId)
    .map((row) => [row.windowStart, row.movieId, row.title, row.count, row.sum, row.distinct].join("|"));
}

/** What `process` says of all lines it has read, and of what has no title. */
export function totalsOf({ totals, untitled }: OracleResult): string[] {
  const sum = (of: (part: OracleResult["totals"][number]) => number) => totals.reduce((all, part) => all + of(part), 0);
  const reasons = REASONS.map((reason) => ({ reason, count: sum((part) => part.rejectedByReason[reason]) }));
  const rejected = reasons.reduce((all, { count }) => all + count, 0);
  const seen = reasons.filter(({ count }) => count > 0).map(({ reason, count }) => `${reason} ${count}`);
  const detail = rejected === 0 ? "" : ` (${seen.join(", ")})`;
  const left = untitled.reduce((all, count) => all + count, 0);
  const lines = [
    `read ${sum(({ read }) => read)} = counted ${sum(({ counted }) => counted)} + rejected ${rejected}${detail}; ` +
      `late for some windows ${sum(({ partlyLate }) => partlyLate)}`,
  ];
  return left === 0 ? lines : [...lines, `${left} results were left out, as their movies have no title`];
}

/** The rejected topic as it must be, by partition of the ratings: `offset reason line`, a long line cut. */
export function rejectedOf(ratings: StoredRecord[][], result: OracleResult): string[][] {
  const described: string[][] = ratings.map(() => []);
  for (const { partition, offset: index, reason } of result.rejected) {
    const { offset, value } = ratings[partition][index];
    const line = value?.toString("latin1") ?? NO_LINE;
    const cut = line.length > REJECTED_BYTES_MAX ? ` of ${line.length} bytes` : "";
    described[partition].push(`${offset} ${reason} ${line.slice(0, REJECTED_BYTES_MAX)}${cut}`);
  }
  return described;
}

/** The rejected topic as it is, in the same words. */
export function foundRejected(work: Workplace, partitions: number): string[][] {
  return describeRejected(work.topic("netflix-ratings-rejected")[0], partitions);
}

function describeRejected(records: readonly StoredRecord[], partitions: number): string[][] {
  const described: string[][] = Array.from({ length: partitions }, () => []);
  for (const { value, headers } of records) {
    const fullBytes = headers["full-bytes"];
    const cut = fullBytes === undefined ? "" : ` of ${fullBytes} bytes`;
    const line = value?.toString("latin1") ?? NO_LINE;
    described[Number(headers.partition)].push(`${headers.offset} ${headers.reason} ${line}${cut}`);
  }
  return described;
}

/** The anomalies topic as it must be, by partition of the ratings: `key: line`. */
export function anomaliesOf(result: OracleResult): string[][] {
  return result.anomalies.map((anomalies) => anomalies.map(({ key, line }) => `${key}: ${line}`));
}

/** The anomalies topic as it is, in the same words. */
export function foundAnomalies(work: Workplace, partitions: number): string[][] {
  return describeAnomalies(work.topic("netflix-ratings-anomalies")[0], partitions);
}

function describeAnomalies(records: readonly StoredRecord[], partitions: number): string[][] {
  const described: string[][] = Array.from({ length: partitions }, () => []);
  for (const { key, value, headers } of records) described[Number(headers.partition)].push(`${key}: ${value}`);
  return described;
}

/** Fails where what the job left in its home (rows, anomalies, rejected lines) is not what is expected. */
export function expectLeft(work: Workplace, ratings: StoredRecord[][], expected: OracleResult): void {
  const [[anomalies], [rejected]] = [work.topic("netflix-ratings-anomalies"), work.topic("netflix-ratings-rejected")];
  expectOutputs({ rows: work.rows(), anomalies, rejected }, ratings, expected);
}

/** As `expectLeft`, wherever it was read. */
export function expectOutputs(found: Outputs, ratings: StoredRecord[][], expected: OracleResult): void {
  expect(differences(found.rows, rowsOf(expected))).toEqual([]);
  const described = {
    anomalies: describeAnomalies(found.anomalies, ratings.length),
    rejected: describeRejected(found.rejected, ratings.length),
  };
  const [anomalies, rejected] = [anomaliesOf(expected), rejectedOf(ratings, expected)];
  for (const partition of ratings.keys()) {
    expect(differences(described.anomalies[partition], anomalies[partition])).toEqual([]);
    expect(differences(described.rejected[partition], rejected[partition])).toEqual([]);
  }
}

/** The first places in which two lists differ, for a message; none where they are equal. */
export function differences(found: readonly string[], expected: readonly string[]): string[] {
  const places: string[] =
    found.length === expected.length ? [] : [`${found.length} found, ${expected.length} expected`];
  for (let at = 0; at < Math.max(found.length, expected.length) && places.length < DIFFERENCES_MAX; at++) {
    if (found[at] !== expected[at]) places.push(`at ${at}: found ${found[at]}, expected ${expected[at]}`);
  }
  return places;
}

/** As `consume-jdbc` shows them: the newest windows first, in dates, by movie id as a number. */
export function newestRows(expected: OracleResult, count: number): Record<string, unknown>[] {
  return [...expected.rows.values()]
    .sort((a, b) => b.windowStart - a.windowStart || a.movieId - b.movieId)
    .slice(0, count)
    .map((row) => ({
      window_start: new Date(row.windowStart * 1000).toISOString().slice(0, 10),
      movie_id: String(row.movieId),
      title: row.title,
      rating_count: row.count,
      rating_sum: row.sum,
      unique_rating_count: row.distinct,
    }));
}
