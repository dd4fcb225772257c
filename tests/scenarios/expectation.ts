/**
 * What a whole job must leave behind, by the naive oracle over what the ratings topic holds, in the words in which
 * `Workplace` tells what is there. Differences are given a few at a time: a job has too many rows to print them all.
 */
import { type OracleInput, type OracleResult, oracleTitles, runOracle } from "../oracle.ts";
import type { StoredRecord } from "./stored-records.ts";
import type { Workplace } from "./workplace.ts";

export interface Job {
  readonly mode: "A" | "C";
  /** D, L and O. */
  readonly days: number;
  readonly minCount: number;
  readonly minMean: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REJECTED_BYTES_MAX = 64 * 1024;
const DIFFERENCES_MAX = 5;

/** The flags of `process` that a job stands for. */
export function flagsOf({ mode, days, minCount, minMean }: Job): string {
  return `--mode ${mode} --anomaly-days ${days} --anomaly-min-count ${minCount} --anomaly-min-mean ${minMean}`;
}

/** The oracle's result for what stands on the ratings topic; `drainAt` as in the oracle, by default its end. */
export function expectedOf(work: Workplace, job: Job, titles: string, drainAt?: readonly (readonly number[])[]): OracleResult {
  const ratings = work.topic();
  return runOracle({ ...inputOf(ratings, job, titles), drainAt: drainAt ?? ratings.map((records) => [records.length]) });
}

function inputOf(ratings: StoredRecord[][], job: Job, titles: string): OracleInput {
  return {
    partitions: ratings.map((records) => records.map(({ value, timestampMs }) => ({ line: value, timestampMs }))),
    titles: oracleTitles(titles),
    mode: job.mode,
    anomalyDays: job.days,
    anomalyMinCount: job.minCount,
    anomalyMinMean: job.minMean,
    maxFutureMs: DAY_MS,
  };
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
  const reasons = (["malformed", "late", "future"] as const).map((reason) => ({
    reason,
    count: sum((part) => part.rejectedByReason[reason]),
  }));
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

/** The rejected topic as it must be, by partition of the ratings: `offset reason`, and the line, cut where it is long. */
export function rejectedOf(work: Workplace, result: OracleResult): string[][] {
  const ratings = work.topic();
  return ratings.map((records, partition) =>
    result.rejected
      .filter((rejected) => rejected.partition === partition)
      .map(({ offset, reason }) => describeRejected(offset, reason, records[offset].value)),
  );
}

/** The rejected topic as it is, in the same words; fails where a record is not from this job. */
export function foundRejected(work: Workplace, partitions: number): string[][] {
  const [records] = work.topic("netflix-ratings-rejected");
  return Array.from({ length: partitions }, (_, partition) => {
    const own = records.filter(({ headers }) => headers.partition === String(partition));
    return own.map(({ value, headers }) => {
      const { group, topic, offset, reason } = headers;
      if (group !== "netflix-ratings-group" || topic !== "netflix-ratings") throw new Error(`from ${group} ${topic}?`);
      const cut = headers["full-bytes"] === undefined ? "" : ` of ${headers["full-bytes"]} bytes`;
      return `${offset} ${reason} ${value?.toString("latin1")}${cut}`;
    });
  });
}

function describeRejected(offset: number, reason: string, value: Buffer | null): string {
  const cut = value !== null && value.length > REJECTED_BYTES_MAX ? ` of ${value.length} bytes` : "";
  return `${offset} ${reason} ${value?.subarray(0, REJECTED_BYTES_MAX).toString("latin1")}${cut}`;
}

/** The first places in which two lists differ, for a message; none where they are equal. */
export function differences(found: readonly string[], expected: readonly string[]): string[] {
  const places: string[] = found.length === expected.length ? [] : [`${found.length} found, ${expected.length} expected`];
  for (let at = 0; at < Math.max(found.length, expected.length) && places.length < DIFFERENCES_MAX; at++) {
    if (found[at] !== expected[at]) places.push(`at ${at}: found ${found[at]}, expected ${expected[at]}`);
  }
  return places;
}
