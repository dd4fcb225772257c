/** How the oracle reads titles and writes anomaly lines: by hand, from the contract. */
import { expect, test } from "bun:test";
import { anomalyLine, javaDouble, oracleTitles, tableTitle } from "./title.ts";

const START_MS = Date.parse("2002-09-20T00:00:00Z");
const END_MS = Date.parse("2002-10-20T00:00:00Z");

test.each([
  ["K-Pax", "K-Pax"],
  [" spaces; 'apostrophes' ", " spaces; 'apostrophes' "],
  ["Sick, Sad World", '"Sick, Sad World"'],
  ['The "Best"', '"The ""Best"""'],
  ["Two\nLines", '"Two\nLines"'],
  ["Carriage\rReturn", '"Carriage\rReturn"'],
  ["nul\0inside", "nulinside"],
  ["😀".repeat(129), "😀".repeat(129)],
])("in an anomaly line %j is written %j", (title, field) => {
  expect(anomalyLine(START_MS, END_MS, title, 2, 9)).toBe(`2002-09-20 00:00:00,2002-10-20 00:00:00,${field},2,4.5`);
});

test.each([
  ["0001-01-01", -1, "0000-12-31"],
  ["0000-01-01", -1, "-0001-12-31"],
  ["9999-12-31", 1, "+10000-01-01"],
])("%s and %d days is %s", (from, days, day) => {
  const timeMs = Date.parse(from) + days * 86_400_000;
  expect(anomalyLine(timeMs, START_MS, "K-Pax", 1, 4)).toBe(`${day} 00:00:00,2002-09-20 00:00:00,K-Pax,1,4.0`);
});

test("in the table a title is cut at 128 characters, counted without U+0000", () => {
  expect(tableTitle("K-Pax")).toBe("K-Pax");
  expect(tableTitle("x".repeat(129))).toBe("x".repeat(128));
  expect(tableTitle(`\0${"😀".repeat(129)}`)).toBe("😀".repeat(128));
});

test("a mean is printed as Java prints a double", () => {
  expect([4, 0, 118 / 36, 2.5, 1 / 3, 10, 0.001, 0.0005, 1 / 1024].map(javaDouble)).toEqual([
    "4.0",
    "0.0",
    "3.2777777777777777",
    "2.5",
    "0.3333333333333333",
    "10.0",
    "0.001",
    "5.0E-4",
    "9.765625E-4",
  ]);
});

test("titles: all after the second comma, or one quoted field; first id wins; no valid id, no title", () => {
  const text = [
    "\uFEFFID,Year,Title\r\n1,2003,Dinosaur Planet\r\n2,NULL,Isle of Man, TT Review\n",
    '3,1997,"Character, quoted ""so"""\n4,1994,"Half" quoted\n4,1994,Again\n05,1999,Zero\n2147483648,1999,Big\n',
    "6,2001\n7,2001,\n\n2147483647,2001,Last",
  ].join("");
  expect([...oracleTitles(text)]).toEqual([
    [1, "Dinosaur Planet"],
    [2, "Isle of Man, TT Review"],
    [3, 'Character, quoted "so"'],
    [4, '"Half" quoted'],
    [7, ""],
    [2147483647, "Last"],
  ]);
});
