/**
 * One line of the ratings topic as the contract reads it: four columns, RFC 4180 quotes, nothing trimmed. Slow and
 * obvious: a string with one character per byte, regular expressions and JS Dates. It shares nothing with `src`, so
 * that a mistake there cannot hide here. Whether a rating counts is the oracle's business.
 */
import { Buffer } from "node:buffer";

/** A valid line. `eventTimeMs` is milliseconds since 1970-01-01 UTC; finer fractions of a second are dropped. */
export interface OracleRating {
  readonly eventTimeMs: number;
  readonly movieId: number;
  readonly rating: number;
}

const MOVIE_ID_MAX = 2 ** 31 - 1;
const OFFSET_MINUTES_MAX = 18 * 60;
const DAY = "([0-9]{4})-([0-9]{2})-([0-9]{2})";
const TIME = "([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,9}))?)?";
const ZONE = "([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)";
const EVENT_TIME = new RegExp(`^${DAY}(?:[Tt ]${TIME}${ZONE}?)?$`);

/** The rating that a record's value holds; undefined where it is malformed (a record without a value is). */
export function parseRatingLine(line: string | Uint8Array | null): OracleRating | undefined {
  if (line === null) return undefined;
  // All that has a meaning is ASCII, and the user's bytes have none: so no byte sequence is too odd to be looked at.
  const text = Buffer.from(typeof line === "string" ? Buffer.from(line, "utf8") : line).toString("latin1");
  const fields = splitFields(text.replace(/(\r\n|\r|\n)$/, ""));
  if (fields === undefined || fields.length !== 4) return undefined;
  const [date, movie, user, rating] = fields;

  const eventTimeMs = parseEventTime(date);
  if (eventTimeMs === undefined) return undefined;
  if (!/^[1-9][0-9]*$/.test(movie) || Number(movie) > MOVIE_ID_MAX) return undefined;
  if (user === "") return undefined;
  if (!/^([0-9]|10)$/.test(rating)) return undefined;
  return { eventTimeMs, movieId: Number(movie), rating: Number(rating) };
}

/** The fields of one RFC 4180 record; undefined where its quotes are broken or it is more than one record. */
function splitFields(text: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(text.slice(at));
      if (quoted === null) return undefined;
      fields.push(quoted[1].replaceAll('""', '"'));
      at += quoted[0].length;
    } else {
      const field = text.slice(at).split(",", 1)[0];
      if (/["\r\n]/.test(field)) return undefined;
      fields.push(field);
      at += field.length;
    }
    if (at === text.length) return fields;
    at += 1; // the comma
  }
}

/**
 * `yyyy-MM-dd`, or `yyyy-MM-dd` + `T`, `t` or a space + `HH:mm`, `HH:mm:ss` or `HH:mm:ss.f` (1 to 9 digits) + maybe
 * `Z`, `z`, `+HH:mm`, `+HHmm` or `+HH`. Milliseconds since 1970 UTC; undefined where it is no such time.
 */
export function parseEventTime(text: string): number | undefined {
  const match = EVENT_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, dayOfMonth, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  if (year === 0 || hour > 23 || minute > 59 || second > 59) return undefined;
  const milliseconds = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));

  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, dayOfMonth); // Date.UTC would take the year 50 for 1950
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== dayOfMonth) return undefined;
  date.setUTCHours(hour, minute, second, milliseconds);

  const offsetMinutes = parseOffset(match[8] ?? "Z");
  if (offsetMinutes === undefined) return undefined;
  const eventTimeMs = date.getTime() - offsetMinutes * 60_000;
  const eventYear = new Date(eventTimeMs).getUTCFullYear();
  return eventYear >= 1 && eventYear <= 9999 ? eventTimeMs : undefined;
}

/** Minutes east of UTC, within 18 hours as Java's ZoneOffset has it; undefined beyond. */
function parseOffset(zone: string): number | undefined {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  const total = hours * 60 + minutes;
  if (minutes > 59 || total > OFFSET_MINUTES_MAX) return undefined;
  return zone[0] === "-" ? -total : total;
}
