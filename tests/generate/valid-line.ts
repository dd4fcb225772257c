/**
 * Valid lines in every dress the contract accepts: dates and date-times with offsets and fractions, quoted fields,
 * odd users, each line end. When a rating happened and what it says is given; only the writing is random.
 */
import { Buffer } from "node:buffer";
import type { Random } from "./random.ts";

/** How often, from 0 to 1, a line wears what is not the plain `2002-09-20,12725,1488844,3`. */
export interface Dress {
  readonly dateTime: number;
  readonly quoted: number;
  readonly lineEnd: number;
  readonly oddUser: number;
}

/** An event time as written. `eventTimeMs` may lie before the wanted one: a date alone is its midnight. */
export interface WrittenTime {
  readonly text: string;
  readonly eventTimeMs: number;
  /** False where the text holds finer fractions than milliseconds. */
  readonly exact: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
const OFFSET_MINUTES_MAX = 18 * 60;
const LONG_USER_BYTES = 70_000;

/** A time of the given day, years 0002 to 9998 (so that no offset leads out of the four-digit years). */
export function writeTime(random: Random, day: number, dress: Dress): WrittenTime {
  const dayMs = day * DAY_MS;
  if (!random.chance(dress.dateTime)) {
    return { text: new Date(dayMs).toISOString().slice(0, 10), eventTimeMs: dayMs, exact: true };
  }
  const wantedMs = dayMs + random.pick([0, 1, DAY_MS / 2, DAY_MS - 1, random.whole(0, DAY_MS - 1)]);
  const fractionDigits = random.whole(1, 9);
  const precision = random.pick(["minute", "second", "fraction"] as const);
  const unitMs = { minute: MINUTE_MS, second: 1000, fraction: 10 ** Math.max(0, 3 - fractionDigits) }[precision];
  const eventTimeMs = Math.floor(wantedMs / unitMs) * unitMs;

  const zone = writeZone(random);
  const local = new Date(eventTimeMs + zone.offsetMinutes * MINUTE_MS).toISOString(); // 2002-09-20T00:00:00.000Z
  let time = local.slice(11, 16);
  if (precision !== "minute") time = local.slice(11, 19);
  let finer = "";
  if (precision === "fraction") {
    const digit = random.pick(["0", "9", "5"]);
    finer = digit.repeat(Math.max(0, fractionDigits - 3));
    time += `.${local.slice(20, 23).slice(0, fractionDigits)}${finer}`;
  }
  const text = `${local.slice(0, 10)}${random.pick(["T", "t", " "])}${time}${zone.text}`;
  return { text, eventTimeMs, exact: /^0*$/.test(finer) };
}

function writeZone(random: Random): { text: string; offsetMinutes: number } {
  const form = random.pick(["", "Z", "z", "+HH", "+HHmm", "+HH:mm"]);
  if (form === "" || form === "Z" || form === "z") return { text: form, offsetMinutes: 0 };
  const edges = [0, 60, 330, OFFSET_MINUTES_MAX, random.whole(0, OFFSET_MINUTES_MAX)];
  let minutes = random.pick(edges);
  if (form === "+HH") minutes -= minutes % 60;
  const sign = random.pick(["+", "-"]);
  const text = form
    .replace("+", sign)
    .replace("HH", String(Math.floor(minutes / 60)).padStart(2, "0"))
    .replace("mm", String(minutes % 60).padStart(2, "0"));
  return { text, offsetMinutes: sign === "-" ? -minutes : minutes };
}

/** The whole line. Bytes where it holds what is no UTF-8. */
export function writeLine(
  random: Random,
  time: WrittenTime,
  movieId: number,
  rating: number,
  dress: Dress,
): string | Uint8Array {
  const user = random.chance(dress.oddUser) ? oddUser(random) : String(random.whole(1, 3_000_000));
  const fields = [time.text, String(movieId), user, String(rating)].map((field) => {
    const needed = /[",\r\n]/.test(field);
    return needed || random.chance(dress.quoted / 2) ? `"${field.replaceAll('"', '""')}"` : field;
  });
  const line = fields.join(",") + (random.chance(dress.lineEnd) ? random.pick(["\r\n", "\n", "\r"]) : "");
  // The odd users are written with one character a byte where they are no UTF-8: see NO_UTF8.
  if (user.startsWith(NO_UTF8)) return Uint8Array.from(Buffer.from(line, "latin1"));
  return random.chance(0.2) ? Uint8Array.from(Buffer.from(line, "utf8")) : line;
}

/** A lone continuation byte, as a latin-1 character. */
const NO_UTF8 = "\x80";

function oddUser(random: Random): string {
  const odd = ["0", "x", " ", " 7 ", "-", "a,b", ",", '"', 'say "hi"', "a\nb", "a\r\nb", "\r", "č😀", "\0", "\t", "'"];
  if (random.chance(0.2)) return `${NO_UTF8}\xff\xfe${random.pick(["", ",", '"'])}`;
  return random.chance(0.01) ? "u".repeat(LONG_USER_BYTES) : random.pick(odd);
}
