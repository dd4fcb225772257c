/** Days and times against JS Dates as the reference, and every kind of text that is no event time. */
import { describe, expect, test } from "bun:test";
import { dayOf, formatDay, formatDayTime, isRealDate, MS_PER_DAY, parseEventTime } from "../src/calendar.ts";
import { Random } from "./generate/random.ts";

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 32);

/** The time of a date as JS Dates have it; Date.UTC would take the year 50 for 1950. */
function timeOf(year: number, month: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

/** As Java's ISO_LOCAL_DATE has it, from a JS Date. */
function isoDay(date: Date): string {
  const year = date.getUTCFullYear();
  const sign = year < 0 ? "-" : year > 9999 ? "+" : "";
  return `${sign}${padded(Math.abs(year), 4)}-${padded(date.getUTCMonth() + 1, 2)}-${padded(date.getUTCDate(), 2)}`;
}

describe("days", () => {
  test(`random days from 3000 BC to 13000 go to text and numbers as JS Dates do (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 20_000; round++) {
      const day = random.whole(-1_815_000, 4_030_000);
      const date = new Date(day * MS_PER_DAY);
      expect(formatDay(day)).toBe(isoDay(date));
      expect(dayOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())).toBe(day);
    }
  });

  test("every day of four centuries follows the one before", () => {
    let day = dayOf(1600, 1, 1);
    for (let year = 1600; year < 2000; year++) {
      for (let month = 1; month <= 12; month++) {
        for (let dayOfMonth = 1; isRealDate(year, month, dayOfMonth); dayOfMonth++) {
          expect(dayOf(year, month, dayOfMonth)).toBe(day++);
        }
      }
    }
    expect(day).toBe(dayOf(1600, 1, 1) + 146_097);
  });

  test.each([
    [0, "1970-01-01"],
    [-1, "1969-12-31"],
    [11_950, "2002-09-20"],
    [11_016, "2000-02-29"],
    [-719_162, "0001-01-01"],
    [-719_163, "0000-12-31"],
    [-719_528, "0000-01-01"],
    [-719_529, "-0001-12-31"],
    [2_932_896, "9999-12-31"],
    [2_932_897, "+10000-01-01"],
  ])("day %i is %s", (day, text) => {
    expect(formatDay(day)).toBe(text);
    expect(formatDayTime(day)).toBe(`${text} 00:00:00`);
  });

  test("the longest window that ends with the year 0000 begins in a year BC", () => {
    expect(formatDay(dayOf(1, 1, 1) - 3660)).toBe("-0010-12-25");
  });

  test("leap years are every 4th, but not every 100th, but every 400th", () => {
    const leap = [4, 96, 400, 1600, 1904, 1972, 2000, 2004, 2400, 9996];
    const plain = [1, 100, 200, 300, 1700, 1800, 1900, 1970, 2001, 2002, 2100, 9900, 9999];
    expect(leap.filter((year) => !isRealDate(year, 2, 29))).toEqual([]);
    expect(plain.filter((year) => isRealDate(year, 2, 29))).toEqual([]);
  });

  test(`a date is real where JS Dates leave it as it is (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 20_000; round++) {
      const [year, month, day] = [random.whole(-3, 10_003), random.whole(-1, 14), random.whole(-1, 33)];
      const date = timeOf(year, month, day);
      const kept = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
      expect([year, month, day, isRealDate(year, month, day)]).toEqual([
        ...[year, month, day],
        kept && year >= 1 && year <= 9999,
      ]);
    }
  });
});

describe("event times", () => {
  test.each([
    ["1970-01-01", 0],
    ["2002-09-20", 1_032_480_000_000],
    ["1969-12-31T23:59:59.999Z", -1],
    ["2002-09-20T00:00", 1_032_480_000_000],
    ["2002-09-20t00:01z", 1_032_480_060_000],
    ["2002-09-20 00:00:01", 1_032_480_001_000],
    ["2002-09-20T23:59:59Z", 1_032_566_399_000],
    ["2002-09-20T00:00:00.5", 1_032_480_000_500],
    ["2002-09-20T00:00:00.07Z", 1_032_480_000_070],
    ["2002-09-20T00:00:00.999999999", 1_032_480_000_999],
    ["1969-12-31T23:59:59.9999", -1],
    ["2002-09-20T02:00+02:00", 1_032_480_000_000],
    ["2002-09-19T18:30:00-0530", 1_032_480_000_000],
    ["2002-09-20T18:00:00.000+18", 1_032_480_000_000],
    ["2002-09-19T06:00-18:00", 1_032_480_000_000],
    ["2002-09-20T00:00-00:00", 1_032_480_000_000],
    ["0001-01-01", -62_135_596_800_000],
    ["9999-12-31T23:59:59.999", 253_402_300_799_999],
    ["0001-01-01T00:00-00:01", -62_135_596_740_000],
    ["0001-01-01T01:00+01:00", -62_135_596_800_000],
    ["9999-12-31T23:59:59.999+00:01", 253_402_300_739_999],
  ])("%s is %p", (text, timeMs) => {
    expect(parseEventTime(text)).toBe(timeMs);
  });

  test(`random times in random dress are read as JS Dates have them (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 20_000; round++) {
      const timeMs = random.whole(-62_135_500_000_000, 253_402_200_000_000);
      const offsetMinutes = random.whole(-18 * 60, 18 * 60);
      const local = new Date(timeMs + offsetMinutes * 60_000);
      const absolute = Math.abs(offsetMinutes);
      const offset = `${padded(Math.floor(absolute / 60), 2)}${random.pick(["", ":"])}${padded(absolute % 60, 2)}`;
      const clock = local.toISOString().split("T")[1].slice(0, 12);
      const finer = random.pick(["", "0", "999", "999999"]);
      const sign = offsetMinutes < 0 ? "-" : "+";
      const text = `${isoDay(local)}${random.pick(["T", "t", " "])}${clock}${finer}${sign}${offset}`;
      expect([text, parseEventTime(text)]).toEqual([text, timeMs]);
    }
  });

  const invalid = {
    "no date": ["", " ", "today", "date", "NaN", "1032480000", "2002", "2002-09", "2002-263", "2002-W38-5"],
    "a date in another dress": ["20020920", "2002/09/20", "2002-9-20", "20-09-2002", "+2002-09-20", "-2002-09-20"],
    "a date with something around it": [" 2002-09-20", "2002-09-20 ", "2002-09-20\n", "2002-09-20Z", "2002-09-20x"],
    "no day of the calendar": ["2002-02-29", "1900-02-29", "2002-04-31", "2002-00-10", "2002-13-10", "2002-09-00"],
    "a year out of range": ["0000-12-31", "10000-01-01", "0000-12-31T23:00-02:00"],
    "UTC out of range": ["0001-01-01T00:00+00:01", "9999-12-31T23:59:59.999-00:01", "0001-01-01T17:59:59+18:00"],
    "half a time": [
      "2002-09-20T",
      "2002-09-20T10",
      "2002-09-20T1000",
      "2002-09-20T10:0",
      "2002-09-20T10:00:",
      "2002-09-20T:",
    ],
    "a time that no clock shows": ["24:00", "24:00:00", "10:60", "10:00:60", "23:59:60"].map((t) => `2002-09-20T${t}`),
    "a wrong separator": ["2002-09-20  10:00", "2002-09-20_10:00", "2002-09-20\t10:00", "2002-09-20T10.00"],
    "a wrong fraction": [".", ".1234567890", ",5", ".5.5", ".x"].map((fraction) => `2002-09-20T10:00:00${fraction}`),
    "a fraction of a minute": ["2002-09-20T10:00.5"],
    "a wrong offset": [
      "+1",
      "+1:00",
      "+01:",
      "+01:6",
      "+01:60",
      "+18:01",
      "-19",
      " Z",
      "ZZ",
      "UTC",
      "+01:00:00",
      "±01:00",
    ].map((offset) => `2002-09-20T10:00${offset}`),
    "digits of another script": ["２００２-09-20", "2002-09-2٠"],
  };
  for (const [kind, texts] of Object.entries(invalid)) {
    test(`${kind} is no event time`, () => {
      expect(texts.filter((text) => parseEventTime(text) !== undefined)).toEqual([]);
    });
  }
});
