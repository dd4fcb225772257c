/** The anomaly line, character by character. */
import { describe, expect, test } from "bun:test";
import { anomalyLine, csvField, javaDouble } from "../src/anomaly-line.ts";
import type { Anomaly } from "../src/epoch.ts";

const K_PAX: Anomaly = { startDay: 11_950, endDay: 11_951, movieId: 12_725, title: "K-Pax", count: 36, sum: 118 };

describe("the line", () => {
  test("is the one that the old system printed", () => {
    expect(anomalyLine(K_PAX)).toBe("2002-09-20 00:00:00,2002-09-21 00:00:00,K-Pax,36,3.2777777777777777");
  });

  test("quotes a title with a comma, so that it stays five columns", () => {
    const line = anomalyLine({ ...K_PAX, title: 'Brazil: The "Love Conquers All" Version, Part 2' });
    expect(line).toBe(
      '2002-09-20 00:00:00,2002-09-21 00:00:00,"Brazil: The ""Love Conquers All"" Version, Part 2",' +
        "36,3.2777777777777777",
    );
  });

  test("keeps long titles, blanks and letters of any script", () => {
    const title = `  Été 日本 😀 ${"x".repeat(200)} `;
    expect(anomalyLine({ ...K_PAX, title }).split(",")[2]).toBe(title);
  });

  test("shows windows before the year 1 and after 9999", () => {
    expect(anomalyLine({ ...K_PAX, startDay: -719_529, endDay: 2_932_897, count: 1, sum: 4 })).toBe(
      "-0001-12-31 00:00:00,+10000-01-01 00:00:00,K-Pax,1,4.0",
    );
  });
});

describe("a field", () => {
  test.each(["", "K-Pax", "It's", "a;b", " a ", "tab\there", "100%"])("%p needs no quotes", (text) => {
    expect(csvField(text)).toBe(text);
  });

  test.each([
    ["a,b", '"a,b"'],
    ['"', '""""'],
    ['"a"', '"""a"""'],
    ["a\nb", '"a\nb"'],
    ["a\rb", '"a\rb"'],
  ])("%p is quoted", (text, field) => {
    expect(csvField(text)).toBe(field);
  });
});

describe("a double", () => {
  // Printed by JDK 19 and later.
  test.each([
    [0, "0.0"],
    [-0, "-0.0"],
    [4, "4.0"],
    [10, "10.0"],
    [-2.5, "-2.5"],
    [118 / 36, "3.2777777777777777"],
    [11 / 3, "3.6666666666666665"],
    [0.1 + 0.2, "0.30000000000000004"],
    [0.001, "0.001"],
    [0.002, "0.002"],
    [0.0009999999999999998, "9.999999999999998E-4"],
    [5e-4, "5.0E-4"],
    [1 / (2 ** 31 - 1), "4.656612875245797E-10"],
    [1 / 2 ** 31, "4.656612873077393E-10"],
    [9_999_999, "9999999.0"],
    [9_999_999.999999998, "9999999.999999998"],
    [1e7, "1.0E7"],
    [-12_345_678, "-1.2345678E7"],
    [2e23, "2.0E23"],
    [1.7976931348623157e308, "1.7976931348623157E308"],
    [2.2250738585072014e-308, "2.2250738585072014E-308"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
    [Number.NaN, "NaN"],
  ])("%p is %s", (number, text) => {
    expect(javaDouble(number)).toBe(text);
  });

  test("every mean of up to 300 ratings reads back as itself", () => {
    const wrong: string[] = [];
    for (let count = 1; count <= 300; count++) {
      for (let sum = 0; sum <= 10 * count; sum += 7) {
        const text = javaDouble(sum / count);
        if (Number(text) !== sum / count || !/^\d+\.\d+(E-?\d+)?$/.test(text)) wrong.push(text);
      }
    }
    expect(wrong).toEqual([]);
  });
});
