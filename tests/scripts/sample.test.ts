/** Sample data as a user makes it: by the command, looked at as files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTitles } from "../../src/titles/titles-file.ts";

const ROWS = 200_000;
const DAY_MS = 86_400_000;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sample-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sample(...flags: string[]): { exitCode: number; stdout: string; stderr: string } {
  const command = [process.execPath, join(import.meta.dir, "../../scripts/sample.ts"), ...flags];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Makes a sample in a folder of its own; returns that. */
function made(name: string, ...flags: string[]): string {
  const out = join(folder, name);
  const { exitCode, stdout, stderr } = sample("--out", out, ...flags);
  expect({ exitCode, stdout, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  return out;
}

/** Name and content of the rating files, in name order: the order in which they are produced. */
function ratingFiles(out: string): [string, string][] {
  const names = readdirSync(join(out, "ratings")).sort();
  return names.map((name) => [name, readFileSync(join(out, "ratings", name), "latin1")]);
}

/** All rows; checks the headers on the way. */
function rowsOf(out: string): string[] {
  return ratingFiles(out).flatMap(([name, content]) => {
    const lines = content.split("\n");
    expect([name, lines[0], lines.at(-1)]).toEqual([name, "date,film_id,user_id,rate", ""]);
    return lines.slice(1, -1);
  });
}

function hash(out: string): string {
  const whole = createHash("sha256");
  for (const [name, content] of ratingFiles(out)) whole.update(name).update(content);
  return whole.update(readFileSync(join(out, "movie_titles.csv"))).digest("hex");
}

describe(`${ROWS} ratings`, () => {
  let out = "";
  let rows: string[] = [];
  beforeAll(() => {
    out = made("shape", "--rows", String(ROWS));
    rows = rowsOf(out);
  });

  test("are as many rows as asked for, one file a year", () => {
    expect(rows).toHaveLength(ROWS);
    expect(ratingFiles(out).map(([name]) => name)).toEqual(
      [1999, 2000, 2001, 2002, 2003, 2004, 2005].map((year) => `ratings-${year}.csv`),
    );
    const strays = ratingFiles(out).flatMap(([name, content]) =>
      content
        .split("\n")
        .slice(1, -1)
        .filter((row) => row.slice(0, 4) !== name.slice(8, 12)),
    );
    expect(strays).toEqual([]);
  });

  test("look like the original's", () => {
    expect(rows.filter((row) => !/^\d{4}-\d\d-\d\d,[1-9]\d{0,4},[1-9]\d{0,6},[1-5]$/.test(row))).toEqual([]);
    const columns = rows.map((row) => row.split(",").map(Number));
    const movies = columns.map(([, movie]) => movie);
    const users = columns.map(([, , user]) => user);
    expect(movies.filter((movie) => movie > 17_770)).toEqual([]);
    expect(new Set(movies).size).toBeGreaterThan(10_000);
    expect(users.filter((user) => user > 2_649_429)).toEqual([]);
    expect(new Set(users).size).toBeGreaterThan(150_000);
  });

  test("are in the order of their dates, the first and last day included, ever more of them", () => {
    const dates = rows.map((row) => row.slice(0, 10));
    expect(dates.findIndex((date, index) => index > 0 && date < dates[index - 1])).toBe(-1);
    expect([dates[0], dates.at(-1)]).toEqual(["1999-11-11", "2005-12-31"]);
    const years = ["2000", "2001", "2002", "2003", "2004", "2005"];
    const counts = years.map((year) => dates.filter((date) => date.startsWith(year)).length);
    for (let index = 1; index < counts.length; index++) expect(counts[index]).toBeGreaterThan(1.5 * counts[index - 1]);
  });

  test("are mostly 3 and 4, and never so for all movies", () => {
    const counts = [0, 0, 0, 0, 0, 0];
    for (const row of rows) counts[Number(row.at(-1))]++;
    expect(counts[3] + counts[4]).toBeGreaterThan(ROWS / 2);
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(ROWS / 50);
  });

  test("hold anomalies, and movies as popular that are none", () => {
    const byMovie = Map.groupBy(
      rows.map((row) => row.split(",")),
      ([, movie]) => movie,
    );
    const busy = [...byMovie.values()].filter((ratings) => busyWindows(ratings).length > 0);
    const anomalous = busy.filter((ratings) => busyWindows(ratings).some((mean) => mean >= 4));
    expect(anomalous.length).toBeGreaterThan(0);
    expect(busy.length).toBeGreaterThan(anomalous.length);
  });

  test("come with titles for all but a few movies", () => {
    const { titles, warnings, encoding } = readTitles(join(out, "movie_titles.csv"), "auto");
    expect([titles.size, warnings, encoding]).toEqual([17_765, [], "latin-1"]);
    const all = [...titles.values()];
    expect(all).toContain('Crickets, "Newts" & Herons');
    expect(all).toContain('"Hush" and "Shush"');
    expect(all).toContain("¿Quién Llamó a la Grüße-Straße?");
    expect(all).toContain("  Two Blanks Before, One After ");
    expect(all.filter((title) => title.length > 128)).toHaveLength(1);
    expect(all.some((title) => title.includes("'"))).toBe(true);
    const lines = readFileSync(join(out, "movie_titles.csv"), "latin1").split("\n");
    expect(lines.some((line) => /^\d+,NULL,/.test(line))).toBe(true);
    expect(rows.filter((row) => !titles.has(Number(row.split(",")[1]))).length).toBeGreaterThan(0);
  });
});

/** Means of one movie's 30-day windows with 70 ratings or more, each window ending with a rating. */
function busyWindows(ratings: string[][]): number[] {
  const means: number[] = [];
  let first = 0;
  let sum = 0;
  for (const [last, [date, , , rating]] of ratings.entries()) {
    sum += Number(rating);
    while (Date.parse(date) - Date.parse(ratings[first][0]) >= 30 * DAY_MS) sum -= Number(ratings[first++][3]);
    const count = last - first + 1;
    if (count >= 70) means.push(sum / count);
  }
  return means;
}

describe("flags", () => {
  test("the same flags give the same bytes, another seed gives others", () => {
    const one = hash(made("same-1", "--rows", "20000", "--seed", "7"));
    expect(hash(made("same-2", "--rows", "20000", "--seed", "7"))).toBe(one);
    expect(hash(made("same-2", "--rows", "20000", "--seed", "7"))).toBe(one); // over itself
    expect(hash(made("other", "--rows", "20000", "--seed", "8"))).not.toBe(one);
  });

  test("--files spreads the same rows evenly over that many files", () => {
    const out = made("files", "--rows", "1003", "--files", "10");
    expect(
      ratingFiles(out)
        .map(([name]) => name)
        .join(" "),
    ).toBe(
      "ratings-01.csv ratings-02.csv ratings-03.csv ratings-04.csv ratings-05.csv ratings-06.csv ratings-07.csv " +
        "ratings-08.csv ratings-09.csv ratings-10.csv",
    );
    expect(new Set(ratingFiles(out).map(([, content]) => content.split("\n").length - 2))).toEqual(new Set([100, 101]));
    expect(rowsOf(out)).toEqual(rowsOf(made("no-files", "--rows", "1003")));
  });

  test("--movies gives that many movies and their titles, down to one", () => {
    const few = made("few", "--rows", "5000", "--movies", "3");
    expect(new Set(rowsOf(few).map((row) => row.split(",")[1]))).toEqual(new Set(["1", "2", "3"]));
    expect(readTitles(join(few, "movie_titles.csv"), "auto").titles.size).toBe(3);
    expect(rowsOf(made("one", "--rows", "1", "--movies", "1"))[0]).toMatch(/^2005-12-31,1,/);
  });

  test.each([
    [["--rows", "10"], "--out is missing"],
    [["--out", "x"], "--rows is missing"],
    [["--out", "x", "--rows", "0"], "--rows 0 is not"],
    [["--out", "x", "--rows", "1e6"], "--rows 1e6 is not"],
    [["--out", "x", "--rows", "10", "--movies", "1000001"], "--movies 1000001 is not"],
    [["--out", "x", "--rows", "10", "--seed", "-1"], "--seed"],
    [["--out", "x", "--rows", "10", "--files", ""], "--files"],
    [["--out", "x", "--rows", "10", "--colour", "red"], "--colour"],
    [["--out", "x", "--rows", "10", "stray"], "stray"],
  ])("%p is exit 2 and says why", (flags, message) => {
    const { exitCode, stdout, stderr } = sample(...flags);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("a folder with other rating files is left as it is", () => {
    const out = join(folder, "foreign");
    mkdirSync(join(out, "ratings"), { recursive: true });
    writeFileSync(join(out, "ratings", "mine.csv"), "x");
    const { exitCode, stderr } = sample("--rows", "10", "--out", out);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("mine.csv");
    expect(readdirSync(out, { recursive: true }).sort()).toEqual(["ratings", join("ratings", "mine.csv")]);
  });

  test("a place that cannot be written to is exit 2 and named", () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    const { exitCode, stderr } = sample("--rows", "10", "--out", file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(file);
  });

  test("--help goes to stdout", () => {
    const { exitCode, stdout } = sample("--help");
    expect([exitCode, stdout.includes("--rows")]).toEqual([0, true]);
  });
});
