/**
 * The 30-day rows as the comparison compares them: lines of `window_start,movie_id,count,sum,distinct`, in the order of
 * `LC_ALL=C sort`. From a table, and set side by side. Titles are left out: they are joined, not computed.
 */
import { Buffer } from "node:buffer";
import pg from "pg";
import type { Workload } from "./peer.ts";

/** By the columns that all peers' tables have; the collation is that of `LC_ALL=C`. */
const ROWS = `SELECT line FROM (
  SELECT to_char(to_timestamp(window_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ',' || movie_id || ',' ||
    rating_count || ',' || rating_sum || ',' || unique_rating_count AS line FROM movie_ratings
) AS lines ORDER BY line COLLATE "C"`;

/** All rows of the table `movie_ratings` of the seed's shape. */
export async function tableRows({ host, port, name, user, password }: Workload["database"]): Promise<string[]> {
  const client = new pg.Client({ host, port, database: name, user, password });
  await client.connect();
  try {
    const { rows } = await client.query<[string]>({ text: ROWS, rowMode: "array" });
    return rows.map(([line]) => line);
  } finally {
    await client.end();
  }
}

/** The lines of a text that ends with a line end, as `LC_ALL=C sort` orders them: by bytes, not by UTF-16 units. */
export function sortedLines(text: string): string[] {
  const lines = text.split("\n").slice(0, -1);
  return lines
    .map((line) => Buffer.from(line))
    .sort(Buffer.compare)
    .map(String);
}

/** Undefined where both hold the same lines; else in words what the first difference is. */
export function firstDifference(rows: readonly string[], expected: readonly string[]): string | undefined {
  const length = Math.max(rows.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (rows[at] === expected[at]) continue;
    const counts = `${rows.length} rows, ${expected.length} expected`;
    return `${counts}; row ${at + 1} is ${rows[at] ?? "missing"} instead of ${expected[at] ?? "none"}`;
  }
  return undefined;
}
