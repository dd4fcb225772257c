/**
 * Lines that the contract calls malformed, each otherwise a good rating: so whatever reads one wrongly counts it.
 * Every kind is here by name; none of them is a line on which the contract leaves room.
 */
import { Buffer } from "node:buffer";
import type { Random } from "./random.ts";

/** The columns of a good line. */
export interface GoodColumns {
  readonly date: string;
  readonly movie: string;
  readonly user: string;
  readonly rating: string;
}

type Line = string | Uint8Array | null;

const BAD_DATES = [
  ..."|2005-02-29|1900-02-29|2001-13-01|2001-00-10|2001-01-00|2001-01-32|2001-04-31|0000-01-01|10000-01-01".split("|"),
  ..."2001-1-1|01-01-2001|2001/01/01|20010101|-2001-01-01|+2001-01-01|2001-01|2001-001|2001-W01-1|today".split("|"),
  ..."2001-01-01Z|2001-01-01T|2001-01-01T10|2001-01-01T1000|2001-01-01T10:0|2001-01-01T1:00".split("|"),
  ..."2001-01-01T24:00|2001-01-01T24:00:00|2001-01-01T10:60|2001-01-01T23:59:60|2001-01-01T10:00:00.".split("|"),
  ..."2001-01-01T10:00:00.1234567890|2001-01-01T10:00.5|2001-01-01T10:00 Z|2001-01-01  10:00".split("|"),
  ..."2001-01-01_10:00|2001-01-01X10:00|2001-01-01T10:00+18:01|2001-01-01T10:00-19:00".split("|"),
  ..."2001-01-01T10:00+1|2001-01-01T10:00+1:00|2001-01-01T10:00+01:60|2001-01-01T10:00+01:|2001-01-01T10:00+".split(
    "|",
  ),
  ..."2001-01-01T10:00UTC|0001-01-01T00:00+00:01|9999-12-31T23:59-00:01|0000-12-31T23:30-01:00".split("|"),
  ..."２００１-01-01|2001-02-29T00:00:00Z|2001-01-01T-1:00|2001-01-01T10:00:00Zjunk|2001-01-01junk".split("|"),
];
const BAD_MOVIES = [
  ..."|0|00|01|007|+1|-1|1.0|1.|1e3|0x10|2147483648|4294967297|18446744073709551617|１|1 |NULL|tt1".split("|"),
  "9".repeat(400),
];
const BAD_RATINGS = "|11|12|99|100|256|266|4294967299|-1|-0|+3|00|03|010|4.0|3.|.3|1e0|3x|five|٣|3\0|0x3".split("|");

const KINDS = {
  tooFewColumns: (random, { date, movie, user, rating }) =>
    random.pick([`${date},${movie},${rating}`, `${date},${movie}`, date, `${date},${movie},${user}`]),
  tooManyColumns: (random, { date, movie, user, rating }) =>
    `${date},${movie},${user},${rating}${random.pick([",", ",x", ',""', ",,", `,${rating}`])}`,
  otherSeparator: (random, columns) => Object.values(columns).join(random.pick([";", "\t", "|", " ", ", ", " ,"])),
  columnsSwapped: (_, { date, movie, user, rating }) => `${movie},${user},${rating},${date}`,
  header: () => "date,film_id,user_id,rate",
  nothing: (random) => random.pick([null, "", "\n", "\r\n", "\r", " ", ",,,", '""', "\0"]),
  spaces: (random, columns) => {
    const space = random.pick([" ", "\t", "\u00a0"]);
    const fields = Object.values(columns);
    const column = random.pick([0, 1, 3]); // a user may hold spaces
    fields[column] = random.chance(0.5) ? space + fields[column] : fields[column] + space;
    return fields.join(",");
  },
  badDate: (random, columns) => join({ ...columns, date: random.pick(BAD_DATES) }),
  badMovie: (random, columns) => join({ ...columns, movie: random.pick(BAD_MOVIES) }),
  emptyUser: (random, columns) => join({ ...columns, user: random.pick(["", '""']) }),
  badRating: (random, columns) => join({ ...columns, rating: random.pick(BAD_RATINGS) }),
  brokenQuotes: (random, { date, movie, user, rating }) =>
    random.pick([
      `"${date},${movie},${user},${rating}`,
      `"${date}"x,${movie},${user},${rating}`,
      `${date}",${movie},${user},${rating}`,
      ` "${date}",${movie},${user},${rating}`,
      `${date},"${movie}" ,${user},${rating}`,
      `${date},${movie},${user}"x,${rating}`,
      `${date},${movie},a"b"c,${rating}`,
      `${date},${movie},"${user},${rating}`,
      `${date},${movie},"a"b",${rating}`,
      `${date},${movie},"a""b,${rating}`,
      `${date},${movie},"a\\"b",${rating}`,
      `${date},${movie},${user},"${rating}`,
      `${date},${movie},${user},"${rating}" `,
      `${date},${movie},${user},"${rating}""`,
      `"${date},${movie},${user},${rating}"`,
      `'${date}',${movie},${user},${rating}`,
    ]),
  severalLines: (random, columns) => {
    // A quote anywhere takes a line off the plain way of reading it.
    const line = join(random.chance(0.5) ? columns : { ...columns, user: `"${columns.user}"` });
    const stray = { ...columns, date: `"${columns.date}"`, user: `a${random.pick(["\n", "\r", "\r\n"])}b` };
    return random.pick([
      ...[`${line}\n${line}`, `${line}\n\n`, `${line}\r\r\n`, `${line}\n\r`, `\n${line}`, `\r\n${line}`],
      join(stray),
    ]);
  },
  byteOrderMark: (_, columns) => `\uFEFF${join(columns)}`,
  // The leading U+0000 keeps what is random from ever being a rating.
  binary: (random) => Uint8Array.from([0, ...random.bytes(random.whole(0, 60))]),
  strayByte: (random, columns) => {
    const bytes = Buffer.from(join(columns), "utf8");
    const stray = random.pick([0x00, 0x7f, 0x80, 0xc3, 0xff]);
    const place = random.pick([0, 4, columns.date.length, bytes.length]); // never inside the user
    return Uint8Array.from([...bytes.subarray(0, place), stray, ...bytes.subarray(place)]);
  },
  tooLong: (random, columns) => random.pick([`${join(columns)}${"0".repeat(70_000)}`, "x".repeat(70_000)]),
} satisfies Record<string, (random: Random, columns: GoodColumns) => Line>;

export type MalformedKind = keyof typeof KINDS;

/** How often each kind comes; long lines are rare as they are slow. */
export const MALFORMED_WEIGHTS: Readonly<Record<MalformedKind, number>> = {
  tooFewColumns: 3,
  tooManyColumns: 3,
  otherSeparator: 2,
  columnsSwapped: 1,
  header: 1,
  nothing: 3,
  spaces: 4,
  badDate: 12,
  badMovie: 6,
  emptyUser: 2,
  badRating: 6,
  brokenQuotes: 6,
  severalLines: 3,
  byteOrderMark: 1,
  binary: 2,
  strayByte: 3,
  tooLong: 0.1,
};

const join = ({ date, movie, user, rating }: GoodColumns): string => `${date},${movie},${user},${rating}`;

/** A malformed line of one kind, made of good columns (plain ones: no quotes, commas or line ends in them). */
export function writeMalformedLine(random: Random, kind: MalformedKind, columns: GoodColumns): Line {
  return KINDS[kind](random, columns);
}
