/** What consume-jdbc prints, in its three formats. */
import { describe, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import type { Row } from "../../src/epoch.ts";
import { formatRows } from "../../src/table/print.ts";

const K_PAX: Row = {
  windowStart: 1_032_480_000, // 2002-09-20T00:00:00Z
  movieId: 12_725,
  title: "K-Pax",
  ratingCount: 36,
  ratingSum: 118,
  uniqueRatingCount: 5,
};
const titled = (title: string): Row => ({ ...K_PAX, title });

/** A table's lines without the last line end. */
const tableLines = (rows: Row[]) => formatRows(rows, "table").trimEnd().split("\n");

describe("the table", () => {
  test("shows each window's dates, the title with the movie's id, count, sum and distinct values", () => {
    const small = {
      ...K_PAX,
      windowStart: -2_592_000,
      movieId: 3,
      title: "Ran",
      ratingCount: 1,
      ratingSum: 4,
      uniqueRatingCount: 1,
    };
    expect(formatRows([K_PAX, small], "table")).toBe(
      [
        "window                   title(movie_id)  count  sum  distinct",
        "2002-09-20 - 2002-10-20  K-Pax(12725)        36  118         5",
        "1969-12-02 - 1970-01-01  Ran(3)               1    4         1",
        "",
      ].join("\n"),
    );
  });

  test("has its header also where there are no rows", () => {
    expect(formatRows([], "table")).toBe("window  title(movie_id)  count  sum  distinct\n");
  });

  test("keeps its columns where titles are wide, combined or made of several signs", () => {
    // Columns on a terminal: 4 wide letters; e with an accent apart; a family that is one sign; a flag.
    const lines = tableLines([
      titled("七人の侍"),
      titled("Ame\u0301lie"),
      titled("👨‍👩‍👧 x"),
      titled("🇯🇵"),
      titled("A".repeat(8)),
    ]);
    const widthsOfTitles = [8, 6, 4, 2, 8];
    const rest = lines.slice(1).map((line) => line.slice(line.indexOf("(12725)")));
    expect(rest).toEqual(widthsOfTitles.map((width) => `(12725)${" ".repeat(8 - width + 2)}   36  118         5`));
  });

  test("shows what would steer the terminal instead of doing it", () => {
    const text = formatRows([titled("a\u001b[2Jb\nc\u009bd\u202ee\u2028f\ud800g\u0000")], "table");
    expect(formatRows([{ ...K_PAX, movieId: "1\u001b[2J" }], "table")).toContain("K-Pax(1\\u001b[2J)");
    expect(text).toContain("a\\u001b[2Jb\\u000ac\\u009bd\\u202ee\\u2028f\\ud800g\\u0000(12725)");
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u202e]/u);
    expect(text.split("\n")).toHaveLength(3);
  });

  test("cuts long titles, never a sign in two, and keeps the id", () => {
    expect(formatRows([titled("x".repeat(56))], "table")).toContain(`${"x".repeat(56)}(12725)`);
    expect(formatRows([titled("x".repeat(57))], "table")).toContain(` ${"x".repeat(55)}…(12725)`);
    expect(formatRows([titled("七".repeat(60))], "table")).toContain(` ${"七".repeat(27)}…(12725)`);
    expect(formatRows([titled("👨‍👩‍👧".repeat(40))], "table")).toContain(` ${"👨‍👩‍👧".repeat(27)}…(12725)`);
  });
});

describe("CSV", () => {
  test("holds every column under its name, the window's start as a date", () => {
    expect(formatRows([K_PAX], "csv")).toBe(
      "window_start,movie_id,title,rating_count,rating_sum,unique_rating_count\n2002-09-20,12725,K-Pax,36,118,5\n",
    );
    expect(formatRows([], "csv")).toBe("window_start,movie_id,title,rating_count,rating_sum,unique_rating_count\n");
  });

  test("gives a CSV reader the titles unchanged", () => {
    const titles = ["I, Robot", '"Crocodile" Dundee', "two\nlines", "cr\rlf", "", " spaces ", "\u001b[2J", "七人の侍"];
    const records = parse(formatRows(titles.map(titled), "csv"), { columns: true }) as Record<string, string>[];
    expect(records.map(({ title }) => title)).toEqual(titles);
    expect(records[0].unique_rating_count).toBe("5");
  });
});

describe("JSON", () => {
  test("is an array with one object a line, every column in it", () => {
    const text = formatRows([K_PAX, titled('say "七"\n')], "json");
    expect(text.split("\n")).toHaveLength(5);
    const first = {
      window_start: "2002-09-20",
      movie_id: "12725",
      title: "K-Pax",
      rating_count: 36,
      rating_sum: 118,
      unique_rating_count: 5,
    };
    expect(JSON.parse(text)).toEqual([first, { ...first, title: 'say "七"\n' }]);
  });

  test("is an empty array where there are no rows", () => {
    expect(JSON.parse(formatRows([], "json"))).toEqual([]);
  });
});
