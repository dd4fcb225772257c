/**
 * Days and times of the proleptic Gregorian calendar, in UTC: from text to numbers and back. A day is the number of
 * days since 1970-01-01, a time the number of milliseconds since its midnight; both are negative before. Reads the
 * years 0001 to 9999 only, writes any. Asks no clock and no time zone, and trims nothing.
 */

export const MS_PER_DAY = 86_400_000;
export const SECONDS_PER_DAY = 86_400;
const MS_PER_MINUTE = 60_000;

const YEAR_MIN = 1;
const YEAR_MAX = 9999;
/** How far a local time may be from UTC; ISO 8601 has no limit, everyone else keeps to this one. */
const UTC_OFFSET_MINUTES_MAX = 18 * 60;

/** The Gregorian calendar repeats itself after an era of this many years, and of this many days. */
const ERA_YEARS = 400;
const ERA_DAYS = 146_097;
/** From 0000-03-01, the first day of an era when years begin in March, to 1970-01-01. */
const ERA_ZERO_TO_EPOCH_DAYS = 719_468;

/** The first millisecond of the year 0001, and the one after the last of 9999. */
const TIME_MIN_MS = dayOf(YEAR_MIN, 1, 1) * MS_PER_DAY;
const TIME_END_MS = dayOf(YEAR_MAX + 1, 1, 1) * MS_PER_DAY;

const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** yyyy-MM-dd, and maybe a time: HH:mm, HH:mm:ss or HH:mm:ss.f (1 to 9 digits), and maybe with it a UTC offset. */
const EVENT_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

/** The day of a date, which has to be a real one: see `isRealDate`. Months and days count from 1. */
export function dayOf(year: number, month: number, day: number): number {
  // Years that begin in March have their leap day last, so that every month begins a fixed number of days into them.
  const marchYear = month > 2 ? year : year - 1;
  const monthsSinceMarch = (month + 9) % 12;
  const era = Math.floor(marchYear / ERA_YEARS);
  const yearOfEra = marchYear - era * ERA_YEARS;
  const dayOfYear = Math.floor((153 * monthsSinceMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * ERA_DAYS + dayOfEra - ERA_ZERO_TO_EPOCH_DAYS;
}

/** Whether whole numbers are a date of the calendar, of the years 1 to 9999. */
export function isRealDate(year: number, month: number, day: number): boolean {
  if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1) return false;
  return day <= DAYS_OF_MONTH[month - 1] || (month === 2 && day === 29 && isLeapYear(year));
}

/**
 * The event time that a rating's first column names, in milliseconds; undefined for everything else. That is
 * `yyyy-MM-dd` (its midnight), or ISO 8601 `yyyy-MM-ddTHH:mm[:ss[.f]]`, with `t` or one space for the `T` (SQL dumps
 * write a space), ending in `Z`, `z`, `±HH:mm`, `±HHmm`, `±HH` or nothing, which is UTC. Fractions of 1 to 9 digits are
 * cut to milliseconds. Both the day as written and the time in UTC have to lie in the years 0001 to 9999.
 */
export function parseEventTime(text: string): number | undefined {
  const match = EVENT_TIME.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour = "0",
    minute = "0",
    second = "0",
    fraction = "",
    sign,
    offsetHour,
    offsetMinute = "0",
  ] = match;
  if (!isRealDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const localMs =
    dayOf(Number(year), Number(month), Number(day)) * MS_PER_DAY +
    (Number(hour) * 60 + Number(minute)) * MS_PER_MINUTE +
    Number(second) * 1000 +
    Number(fraction.slice(0, 3).padEnd(3, "0"));
  if (sign === undefined) return localMs;

  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  if (Number(offsetMinute) > 59 || offsetMinutes > UTC_OFFSET_MINUTES_MAX) return undefined;
  const utcMs = localMs - (sign === "-" ? -offsetMinutes : offsetMinutes) * MS_PER_MINUTE;
  return utcMs >= TIME_MIN_MS && utcMs < TIME_END_MS ? utcMs : undefined;
}

/** `2002-09-20`. Years before 0 and after 9999 as Java's ISO_LOCAL_DATE has them: `-0009-12-31`, `+10000-01-01`. */
export function formatDay(day: number): string {
  // The way of `dayOf` back. A year of the era has 365 days, but for the leap days of every 4, 100 and 400 years.
  const sinceEraZero = day + ERA_ZERO_TO_EPOCH_DAYS;
  const era = Math.floor(sinceEraZero / ERA_DAYS);
  const dayOfEra = sinceEraZero - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthsSinceMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthsSinceMarch + 2) / 5) + 1;
  const month = ((monthsSinceMarch + 2) % 12) + 1;
  const year = era * ERA_YEARS + yearOfEra + (month <= 2 ? 1 : 0);
  return `${formatYear(year)}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
}

/** A day's midnight: `2002-09-20 00:00:00`. */
export function formatDayTime(day: number): string {
  return `${formatDay(day)} 00:00:00`;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function formatYear(year: number): string {
  const sign = year < 0 ? "-" : year > YEAR_MAX ? "+" : "";
  return sign + String(Math.abs(year)).padStart(4, "0");
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
