/**
 * Rows as lines of PostgreSQL's COPY, text format (PostgreSQL manual, COPY, "Text Format"). Pure. What is never in a
 * row, U+0000 and unpaired surrogates, is for whoever makes rows.
 */
import type { RowColumns } from "../row-columns.ts";

/** Rows per chunk: large enough that few are handed over, small enough that few are held. */
const ROWS_PER_CHUNK = 2_000;

/** What would end a column or a line, or begin an escape. */
const ESCAPED: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

export function* copyLines(rows: RowColumns): Generator<string> {
  const { length, windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = rows;
  for (let first = 0; first < length; first += ROWS_PER_CHUNK) {
    let lines = "";
    for (let at = first; at < Math.min(first + ROWS_PER_CHUNK, length); at++) {
      lines +=
        `${windowStart[at]}\t${movieId[at]}\t${escaped(title[at])}\t` +
        `${ratingCount[at]}\t${ratingSum[at]}\t${uniqueRatingCount[at]}\n`;
    }
    yield lines;
  }
}

function escaped(title: string): string {
  return /[\\\t\n\r]/.test(title) ? title.replace(/[\\\t\n\r]/g, (character) => ESCAPED[character]) : title;
}
