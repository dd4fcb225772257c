/**
 * A rating's bytes to its four columns: what is valid, and that the fast path, the CSV path and the oracle agree on it.
 */
import { describe, expect, test } from "bun:test";
import { RatingParser } from "../../src/shard/rating.ts";
import { MALFORMED_WEIGHTS, type MalformedKind, writeMalformedLine } from "../generate/malformed-line.ts";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import { parseRatingLine } from "../oracle/rating-line.ts";

const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const DAY_MS = 86_400_000;
/** Long, for machines under load. */
const TIMEOUT_MS = 60_000;

type Line = string | Uint8Array | null;

/** What the parser makes of a line; undefined where it is malformed. */
function parse(line: Line, parser = new RatingParser()) {
  // Among other bytes, as a value lies in a slice: none of them may count.
  const value = typeof line === "string" ? Buffer.from(line) : (line ?? new Uint8Array(0));
  const slice = Uint8Array.from([...Buffer.from("2002-09-20,1,u,"), ...value, ...Buffer.from("0,1,u,3\n")]);
  parser.attach(slice);
  if (!parser.parse(15, 15 + value.length)) return undefined;
  const { eventTimeMs, day, movieId, rating } = parser;
  return { eventTimeMs, day, movieId, rating };
}

const inQuotes = (line: string): string => line.replace(/[^,]+/g, '"$&"');

describe("valid", () => {
  test.each([
    ["2002-09-20,12725,1488844,3", 11_950, 12_725, 3],
    ["1969-12-31,1,u,0", -1, 1, 0],
    ["1970-01-01,2147483647,?,10", 0, 2_147_483_647, 10],
    ["0001-01-01,9,9,9", -719_162, 9, 9],
    ["9999-12-31,10,10,10", 2_932_896, 10, 10],
  ])("%s, plain, in quotes, with any line end", (line, day, movieId, rating) => {
    const expected = { eventTimeMs: day * DAY_MS, day, movieId, rating };
    for (const columns of [line, inQuotes(line)]) {
      for (const end of ["", "\n", "\r\n", "\r"]) expect(parse(columns + end)).toEqual(expected);
    }
  });

  test.each([
    ["1970-01-02T01:00", 90_000_000, 1],
    ["1970-01-01T00:30:00+01:00", -1_800_000, -1],
    ["1969-12-31 23:59:59.999999999Z", -1, -1],
  ])("%s is a time, and its day the day in UTC", (time, eventTimeMs, day) => {
    for (const line of [`${time},7,u,3`, `"${time}",7,u,3`]) expect(parse(line)).toMatchObject({ eventTimeMs, day });
  });

  test("a user is anything: blanks, quotes, commas, line ends in quotes, bytes of no encoding", () => {
    for (const user of [" ", "!", '"a,b"', '"say ""hi"""', '"two\r\nlines"', "č😀", "-"]) {
      expect(parse(`2002-09-20,7,${user},3`)).toMatchObject({ movieId: 7, rating: 3 });
    }
    expect(
      parse(Uint8Array.from([...Buffer.from("2002-09-20,7,"), 0x80, 0xff, 0, ...Buffer.from(",3")])),
    ).toBeDefined();
  });

  test("the date of the line before is not taken for another", () => {
    const parser = new RatingParser();
    const days = ["2002-09-20", "2002-09-20", "2002-09-21", "2003-09-21", "2002-13-01", "2003-09-21", "1970-01-01"];
    expect(days.map((date) => parse(`${date},7,u,3`, parser)?.day)).toEqual([
      ...[11_950, 11_950, 11_951, 12_316, undefined, 12_316, 0],
    ]);
    expect(parse("2002-09-20T12:00,7,u,3", parser)?.day).toBe(11_950);
    expect(parse("1970-01-01,7,u,3", parser)).toMatchObject({ day: 0, eventTimeMs: 0 });
  });
});

describe("malformed", () => {
  test("ten zero bytes are no date, not even for a parser that has seen none", () => {
    expect(parse(`${"\0".repeat(10)},7,u,3`)).toBeUndefined();
  });

  test("a line that ends too early takes nothing from the bytes behind it", () => {
    const line = "2002-09-20,12725,1488844,1";
    for (let length = 0; length < line.length; length++) expect(parse(line.slice(0, length))).toBeUndefined();
    expect(parse(line)?.rating).toBe(1); // although a 0 follows
  });

  test.each(['"2002-09-20",7,u,3\n\n', '"2002-09-20",7,u,3\n\r', '"2002-09-20",7,u,3\r\r\n', '2002-09-20,7,"u",3\r\r'])(
    "%j has more than one line end",
    (line) => expect(parse(line)).toBeUndefined(),
  );

  test.each(["\n", "\r", "\r\n"])("%j outside of quotes ends the line, quotes elsewhere or not", (end) => {
    expect(parse(`2002-09-20,7,a${end}b,3`)).toBeUndefined();
    expect(parse(`"2002-09-20",7,a${end}b,3`)).toBeUndefined();
    expect(parse(`"2002-09-20",7,u,3${end}"2002-09-20",7,u,3`)).toBeUndefined();
  });

  test.each(Object.keys(MALFORMED_WEIGHTS) as MalformedKind[])(`%s, in every form (TEST_SEED=${SEED})`, (kind) => {
    const random = new Random(SEED);
    const good = { date: "2002-09-20", movie: "12725", user: "1488844", rating: "3" };
    for (let form = 0; form < (kind === "tooLong" ? 4 : 300); form++) {
      const line = writeMalformedLine(random, kind, good);
      if (parse(line) !== undefined) throw new Error(`taken for a rating: ${JSON.stringify(line)}`);
    }
  });
});

test(
  `every generated line is to the parser what it is to the oracle (TEST_SEED=${SEED})`,
  () => {
    const parser = new RatingParser();
    let valid = 0;
    for (let seed = SEED; seed < SEED + 40; seed++) {
      const dress = { dateTime: 0.4, quoted: 0.4, lineEnd: 0.3, oddUser: 0.2 };
      for (const { line } of generateRatings(seed, { kinds: { malformed: 60 }, dress }).partitions[0]) {
        const oracle = parseRatingLine(line);
        const expected = oracle && { ...oracle, day: Math.floor(oracle.eventTimeMs / DAY_MS) };
        expect({ seed, line, parsed: parse(line, parser) }).toEqual({ seed, line, parsed: expected });
        if (oracle !== undefined) valid++;
      }
    }
    expect(valid).toBeGreaterThan(5000);
  },
  TIMEOUT_MS,
);
