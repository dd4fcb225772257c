/**
 * Result rows as text, for `consume-jdbc`: a table for people, CSV and JSON for programs. CSV and JSON hold every
 * column of `movie_ratings` under its name, titles unchanged; the table is safe to put on a terminal, whatever a title
 * holds. Does not sort, does not write anywhere.
 */
import { csvField } from "../anomaly-line.ts";
import { formatDay, SECONDS_PER_DAY } from "../calendar.ts";
import { WINDOW_DAYS } from "../shard/window-store.ts";
import { visible } from "../terminal/visible-text.ts";
import type { ResultRow } from "./result-row.ts";
import { cutToWidth, displayWidth } from "./terminal-text.ts";

export type RowFormat = "table" | "csv" | "json";

/** Terminal columns a title may take, its movie id not counted. */
const TITLE_WIDTH_MAX = 56;

const COLUMN_NAMES = ["window_start", "movie_id", "title", "rating_count", "rating_sum", "unique_rating_count"];
const TABLE_HEADER = ["window", "title(movie_id)", "count", "sum", "distinct"];
/** The columns from here on are numbers, aligned to the right. */
const FIRST_NUMBER = 2;

/** The rows in the order given, ending in a line end. CSV and the table begin with a header, also for no rows. */
export function formatRows(rows: readonly ResultRow[], format: RowFormat): string {
  switch (format) {
    case "table":
      return asTable(rows);
    case "csv":
      return [COLUMN_NAMES, ...rows.map(columns)].map(csvLine).join("");
    case "json":
      return rows.length === 0 ? "[]\n" : `[\n${rows.map(asJsonObject).join(",\n")}\n]\n`;
  }
}

function columns(row: ResultRow): (string | number)[] {
  const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = row;
  return [formatDay(dayOf(windowStart)), String(movieId), title, ratingCount, ratingSum, uniqueRatingCount];
}

function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => csvField(String(field))).join(",")}\n`;
}

function asJsonObject(row: ResultRow): string {
  const values = columns(row);
  return JSON.stringify(Object.fromEntries(COLUMN_NAMES.map((name, i) => [name, values[i]])));
}

function asTable(rows: readonly ResultRow[]): string {
  const lines = [TABLE_HEADER, ...rows.map(tableCells)];
  const widths = TABLE_HEADER.map((_, column) =>
    lines.reduce((widest, cells) => Math.max(widest, displayWidth(cells[column])), 0),
  );
  const text = lines.map((cells) => cells.map((cell, column) => padded(cell, widths[column], column)).join("  "));
  return `${text.join("\n")}\n`;
}

function tableCells(row: ResultRow): string[] {
  const day = dayOf(row.windowStart);
  const title = cutToWidth(visible(row.title), TITLE_WIDTH_MAX);
  return [
    `${formatDay(day)} - ${formatDay(day + WINDOW_DAYS)}`,
    `${title}(${visible(String(row.movieId))})`,
    String(row.ratingCount),
    String(row.ratingSum),
    String(row.uniqueRatingCount),
  ];
}

function padded(cell: string, width: number, column: number): string {
  const spaces = " ".repeat(width - displayWidth(cell));
  return column < FIRST_NUMBER ? cell + spaces : spaces + cell;
}

function dayOf(windowStart: number): number {
  return Math.floor(windowStart / SECONDS_PER_DAY);
}
