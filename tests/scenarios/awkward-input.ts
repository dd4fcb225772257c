/**
 * Input shaped like the real one, and awkward in every way that real input is: sample ratings with other files between
 * them (before 1970, late, malformed, quoted, CRLF, date-times, futures), and titles in the encodings in which copies
 * of the original go around. The same seed gives the same files.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import { ROOT, type Workplace } from "./workplace.ts";

const AWKWARD_RECORDS = 3000;
/** `produce` takes a file for binary when there is a zero byte before this. */
const GLANCE_BYTES = 64 * 1024;

export type TitlesFile =
  | "latin-1"
  | "latin-1 with header"
  | "utf-8 with header"
  | "utf-8 marked"
  | "windows-1250 with header";

/** Fills `data/ratings` and returns the text that titles files are made from. */
export function writeAwkwardInput(work: Workplace, seed: number, sampleRows: number): string {
  const script = join(ROOT, "scripts", "sample.ts");
  const args = [script, "--rows", String(sampleRows), "--seed", String(seed), "--out", work.path("data")];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);

  const days = { before1970: -45, late2001: 11_687, late2003: 12_415 };
  work.write("data/ratings/0-before-1970.csv", awkwardFile(seed, days.before1970, ""));
  work.write(
    "data/ratings/ratings-2002-awkward.csv",
    awkwardFile(seed + 1, days.late2001, "date,film_id,user_id,rate\n"),
  );
  work.write(
    "data/ratings/ratings-2004-awkward.csv",
    awkwardFile(seed + 2, days.late2003, "\uFEFFdate,film_id,user_id,rate\r\n"),
  );
  work.write("data/ratings/ratings-2005-handmade.csv", handmadeFile());
  return readFileSync(work.path("data/movie_titles.csv"), "latin1") + awkwardTitles(seed);
}

/** Generated lines, each with the line end it comes with and another: what is one line there may be two here. */
function awkwardFile(seed: number, startDay: number, header: string): Uint8Array {
  const { partitions } = generateRatings(seed, {
    records: AWKWARD_RECORDS,
    movies: 40,
    startDay,
    daysPerRecord: 0.02,
    forwardDaysMax: 1,
    kinds: { farForward: 0, farBack: 3, future: 0, malformed: 20 },
    // In a file its parts are lines of their own, valid ones, dated far ahead.
    malformedKinds: { severalLines: 0 },
  });
  const random = new Random(seed);
  const lines = partitions[0].map(({ line }) => {
    return Buffer.concat([Buffer.from(line ?? ""), Buffer.from(random.chance(0.2) ? "\r\n" : "\n")]);
  });
  const text = lines.filter((line) => !line.includes(0));
  const binary = lines.filter((line) => line.includes(0));
  const padding = Buffer.from("\n".repeat(GLANCE_BYTES));
  return Buffer.concat([Buffer.from(header), ...text, padding, ...binary]);
}

/** Begins without a header and ends without a line end. */
function handmadeFile(): string {
  return [
    "2004-12-31,30001,1,5",
    ...["2004-12-31T23:59:59.999Z,30001,1,4", "2005-01-01T01:30:00+02:00,30001,1,3", "2004-12-31 12:00,30001,1,2"],
    ...['"2004-12-31","30001","1","1"\r', '2004-12-31,30001,"a,b ""c""",0', "2004-12-31,30001, ,10"],
    ...["2004-12-31,30002,1,5", "2004-12-31,30002,2,5", "2004-12-31,30003,1,5", "2004-12-31,30004,1,5"],
    // Valid, of the future: none of them may move the watermark.
    ...["9999-12-31,30001,1,5", "9000-01-01T00:00:00Z,30005,1,5"],
    // One day late for the day before, but not for windows of 30 days; then years late.
    ...["2004-12-30,30001,1,5", "2004-12-29,30001,1,5", "2004-11-01,30002,1,5", "1969-12-31,30002,1,5"],
    ...["0001-01-01,30002,1,5", "2004-12-31,30001,1", "2004-12-31,30001,1,11", "2004-02-30,30001,1,5", "", "nonsense"],
    ...["2004-12-31,2147483647,1,5", "2004-12-31,2147483648,1,5", "2004-12-31,030001,1,5"],
    "2004-12-31,30004,1,5",
  ].join("\n");
}

/** Lines of `id,year,title`. Not every encoding can write all of them. */
function awkwardTitles(seed: number): string {
  const titles = [
    ...["30001,2004,Sick, Sad World, Part 2", '30002,NULL,"The ""Best"", so far"', '30003,1999,The "Best" so far'],
    ...[
      `30004,2003,${"long ".repeat(40)}`,
      "2147483647,NULL,Łódź č ř ž",
      "2147483647,NULL,¡Olé!",
      "30001,2004,A later title",
    ],
    "nonsense",
  ];
  const generated = [0, 1, 2].flatMap((file) => [
    ...generateRatings(seed + file, { records: 0, movies: 40 }).titles.keys(),
  ]);
  const words = [
    "Café Müller",
    "Šišky a žízeň",
    "日本の😀",
    " Blanks ",
    "",
    '"',
    "a,b",
    '"q"',
    `${"x".repeat(127)}é`,
    "😀".repeat(130),
  ];
  const more = generated.map((movieId, index) => `${movieId},NULL,${words[index % words.length]}`);
  return [...titles, ...more].map((line) => `${line}\n`).join("");
}

/** Writes those lines of `text` that the encoding has characters for; returns what the file says. */
export function writeTitles(work: Workplace, text: string, kind: TitlesFile): string {
  const encode = kind.startsWith("utf-8") ? utf8 : kind.startsWith("latin-1") ? latin1 : windows1250;
  const lines = text.split("\n").filter((line) => line !== "" && encode(line) !== undefined);
  if (kind.endsWith("with header")) lines.unshift("ID,Year,Title");
  const written = lines.map((line) => `${line}\r\n`).join("");
  work.write("data/movie_titles.csv", encode(kind === "utf-8 marked" ? `\uFEFF${written}` : written) ?? "");
  return written;
}

const utf8 = (text: string): Buffer => Buffer.from(text, "utf8");

function latin1(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "latin1");
  return bytes.toString("latin1") === text ? bytes : undefined;
}

const WINDOWS_1250 = new Map(
  [...new TextDecoder("windows-1250").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))].map(
    (character, byte) => [character, byte],
  ),
);

function windows1250(text: string): Buffer | undefined {
  const bytes = [...text].map((character) => WINDOWS_1250.get(character) ?? -1);
  return bytes.includes(-1) ? undefined : Buffer.from(bytes);
}
