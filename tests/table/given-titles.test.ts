/** Titles that were given: each movie's once, whatever its id, and again only when it is another one. */
import { expect, test } from "bun:test";
import { RowColumns } from "../../src/row-columns.ts";
import { GivenTitles } from "../../src/table/given-titles.ts";
import { row } from "./fixture.ts";

const IDS = [1, 32_767, 32_768, 2 ** 31 - 1];

/** Two windows with a row of each movie. */
const rowsOf = (titleOf: (movieId: number) => string) =>
  RowColumns.of([0, 30].flatMap((window) => IDS.map((id) => row(window, id, 1, titleOf(id)))));

test("titles are given once, and those that changed once more", () => {
  const given = new GivenTitles();
  expect([...given.newIn(rowsOf((id) => `Movie ${id}`))]).toEqual(IDS.map((id) => [id, `Movie ${id}`]));
  expect([...given.newIn(rowsOf((id) => `Movie ${id}`))]).toEqual([]);
  const changed = given.newIn(rowsOf((id) => (id % 2 === 0 ? `Film ${id}` : `Movie ${id}`)));
  expect([...changed]).toEqual([[32_768, "Film 32768"]]);
});
