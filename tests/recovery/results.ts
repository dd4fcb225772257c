/**
 * What stands in a table and output topics, a home's or others, and what must stand there by the oracle's word on what
 * the ratings topic holds: both as texts, to be compared. Reads a home by clients that share nothing with `src`.
 */
import { join } from "node:path";
import { type OracleInput, type OracleResult, runOracle } from "../oracle.ts";
import { HomeTable, type Outputs } from "../scenarios/places.ts";
import { readTopic, type StoredRecord } from "../scenarios/stored-records.ts";

export const RATINGS_TOPIC = "netflix-ratings";
export const ANOMALIES_TOPIC = "netflix-ratings-anomalies";
export const REJECTED_TOPIC = "netflix-ratings-rejected";
/** A longer rejected line is cut. */
const LINE_BYTES_MAX = 64 * 1024;

export interface Results {
  /** `start|movie|title|count|sum|distinct`, by window and movie. */
  readonly rows: readonly string[];
  /** `movie: line`, by partition of the ratings topic, in the order of the anomalies topic. */
  readonly anomalies: string[][];
  /** `offset reason line`, likewise. */
  readonly rejected: string[][];
}

/** The settings that decide results. */
export type Rules = Omit<OracleInput, "partitions" | "titles">;

export function readRatings(home: string): StoredRecord[][] {
  return readTopic(join(home, "topics", RATINGS_TOPIC));
}

/** All that the home's table and output topics hold. */
export function storedResults(home: string): Results {
  const read = (topic: string) => readTopic(join(home, "topics", topic)).flat();
  return resultsIn({
    rows: new HomeTable(home).rows(),
    anomalies: read(ANOMALIES_TOPIC),
    rejected: read(REJECTED_TOPIC),
  });
}

/** As `storedResults`, for what was read, wherever it stood. */
export function resultsIn({ rows, anomalies, rejected }: Outputs): Results {
  return { rows, ...outputsOf(anomalies, rejected) };
}

/** What the records of the output topics say. */
export function outputsOf(
  anomalies: readonly StoredRecord[],
  rejected: readonly StoredRecord[],
): Omit<Results, "rows"> {
  const byPartition = (records: readonly StoredRecord[], text: (record: StoredRecord) => string) => {
    const texts: string[][] = [];
    for (const record of records) {
      const partition = Number(record.headers.partition);
      while (texts.length <= partition) texts.push([]);
      texts[partition].push(text(record));
    }
    return texts;
  };
  return {
    anomalies: byPartition(anomalies, ({ key, value }) => `${key}: ${value}`),
    rejected: byPartition(rejected, ({ headers, value }) => rejectedText(headers.offset, headers.reason, value)),
  };
}

/** What the home's ratings must lead to. */
export function expectedResults(home: string, titles: ReadonlyMap<number, string>, rules: Rules): Results {
  return resultsOf(readRatings(home), titles, rules).results;
}

/** As `expectedResults`, for records at hand; with all that the oracle says. */
export function resultsOf(
  records: readonly (readonly StoredRecord[])[],
  titles: ReadonlyMap<number, string>,
  rules: Rules,
): { results: Results; oracle: OracleResult } {
  const partitions = records.map((ofPartition) =>
    ofPartition.map(({ value, timestampMs }) => ({ line: value, timestampMs })),
  );
  const oracle = runOracle({ ...rules, partitions, titles });
  const rows = [...oracle.rows.values()].sort((a, b) => a.windowStart - b.windowStart || a.movieId - b.movieId);
  const rejected: string[][] = records.map(() => []);
  for (const { partition, offset, reason } of oracle.rejected) {
    rejected[partition].push(rejectedText(String(offset), reason, records[partition][offset].value));
  }
  const results = {
    rows: rows.map((row) => [row.windowStart, row.movieId, row.title, row.count, row.sum, row.distinct].join("|")),
    anomalies: oracle.anomalies.map((ofPartition) => ofPartition.map(({ key, line }) => `${key}: ${line}`)),
    rejected,
  };
  return { results, oracle };
}

/**
 * Where the first difference is, in a few words; undefined where there is none. Whole results are too long to print.
 */
export function difference(found: Results, expected: Results): string | undefined {
  const lists: [string, readonly string[], readonly string[]][] = [["rows", found.rows, expected.rows]];
  for (const side of ["anomalies", "rejected"] as const) {
    for (let partition = 0; partition < Math.max(found[side].length, expected[side].length); partition++) {
      lists.push([`${side} of partition ${partition}`, found[side][partition] ?? [], expected[side][partition] ?? []]);
    }
  }
  for (const [name, texts, wanted] of lists) {
    const at = texts.findIndex((text, place) => text !== wanted[place]);
    if (at < 0 && texts.length === wanted.length) continue;
    const place = at < 0 ? texts.length : at;
    const shown = (text: string | undefined) => (text === undefined ? "nothing" : JSON.stringify(text.slice(0, 200)));
    return (
      `${name}: ${texts.length} for ${wanted.length}; ` +
      `at ${place} ${shown(texts[place])} for ${shown(wanted[place])}`
    );
  }
  return undefined;
}

function rejectedText(offset: string | undefined, reason: string | undefined, value: Buffer | null): string {
  return `${offset} ${reason} ${value === null ? null : value.subarray(0, LINE_BYTES_MAX).toString("latin1")}`;
}
