/**
 * When the ratings of a sample happen, and in which files they stand. The days are the original data's; ratings get
 * more from day to day, as there: half of all fall into the last year. A file's name sorts where its dates do.
 */
import { dayOf, formatDay } from "../../src/calendar.ts";

const LAST_DAY = dayOf(2005, 12, 31);
/** The days of the original: 1999-11-11 to 2005-12-31. */
export const DAYS_DEFAULT = LAST_DAY - dayOf(1999, 11, 11) + 1;

/** The first of this many days, of which 2005-12-31 is the last. */
export function firstDayOf(days: number): number {
  return LAST_DAY - days + 1;
}

export const ROWS_MAX = 100_000_000_000;
export const FILES_MAX = 100_000;

/** `2005-12-31,` + movie + `,` + user + `,` + rating + line feed, at their longest. */
export const ROW_BYTES_MAX = 11 + 7 + 1 + 7 + 1 + 1 + 1;
/** A file by default stays below this. */
const FILE_BYTES_MAX = 1_000_000_000;
const FILE_ROWS_MAX = Math.floor((FILE_BYTES_MAX - 1000) / ROW_BYTES_MAX);

/** From one day to the next, ratings grow by this factor: by 2.2 in a year. */
const GROWTH_A_DAY = 1.00216;

export interface RatingsFile {
  readonly name: string;
  readonly rows: number;
}

/** How many of `rows` fall on each of the days. */
export function rowsByDay(rows: number, days: number): number[] {
  // Powers by multiplication: Math.pow may differ between runtimes in the last digit.
  const cumulative: number[] = [];
  let weight = 1;
  let total = 0;
  for (let day = 0; day < days; day++) {
    total += weight;
    weight *= GROWTH_A_DAY;
    cumulative.push(total);
  }
  let before = 0;
  return cumulative.map((weightUpTo) => {
    const upTo = Math.floor((weightUpTo / total) * rows);
    const ofDay = upTo - before;
    before = upTo;
    return ofDay;
  });
}

/**
 * One file a year (`ratings-1999.csv`), or as few as keep each below 1 GB (`ratings-2005-1.csv`); none that is empty.
 */
export function filesByYear(rowsOfDays: readonly number[]): RatingsFile[] {
  const rowsOfYears = new Map<string, number>();
  for (const [index, rows] of rowsOfDays.entries()) {
    const year = formatDay(firstDayOf(rowsOfDays.length) + index).slice(0, 4);
    rowsOfYears.set(year, (rowsOfYears.get(year) ?? 0) + rows);
  }
  return [...rowsOfYears].flatMap(([year, rows]) => {
    const parts = Math.ceil(rows / FILE_ROWS_MAX);
    return parts === 1 ? [{ name: `ratings-${year}.csv`, rows }] : split(rows, parts, `ratings-${year}`);
  });
}

/** This many files, as even as can be: `ratings-01.csv` and on. */
export function evenFiles(rowsOfDays: readonly number[], files: number): RatingsFile[] {
  const rows = rowsOfDays.reduce((total, ofDay) => total + ofDay, 0);
  return split(rows, files, "ratings");
}

function split(rows: number, parts: number, stem: string): RatingsFile[] {
  return Array.from({ length: parts }, (_, index) => ({
    name: `${stem}-${String(index + 1).padStart(String(parts).length, "0")}.csv`,
    rows: Math.floor((rows * (index + 1)) / parts) - Math.floor((rows * index) / parts),
  }));
}
