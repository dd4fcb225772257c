/** The movies of a shard: one slot each, for good, whatever their ids, and titles as the checkpoint noted them. */
import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../src/byte-stream.ts";
import { Movies } from "../../src/shard/movies.ts";
import { Random } from "../generate/random.ts";

const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const IDS = [17_770, 1, 32_768, 2 ** 20 - 1, 2 ** 20, 2 ** 31 - 1, 2];

function written(movies: Movies, all: boolean): Uint8Array {
  const out = new ByteWriter();
  movies.write(out, all);
  return out.finish();
}

function restored(...states: Uint8Array[]): Movies {
  const movies = new Movies();
  for (const state of states) movies.read(new ByteReader(state));
  return movies;
}

const listed = (movies: Movies) =>
  Array.from({ length: movies.count }, (_, slot) => [movies.idOf(slot), movies.titleOf(slot)]);

describe("slots", () => {
  test("are given in order of appearance, for ids small and large", () => {
    const movies = new Movies();
    for (const [slot, id] of IDS.entries()) {
      expect(movies.slotOf(id)).toBe(-1);
      expect(movies.add(id, `Title of ${id}`)).toBe(slot);
    }
    expect(IDS.map((id) => movies.slotOf(id))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(listed(movies)).toEqual(IDS.map((id) => [id, `Title of ${id}`]));
    for (const unknown of [3, 17_769, 32_769, 2 ** 20 + 1, 2 ** 31 - 2]) expect(movies.slotOf(unknown)).toBe(-1);
  });

  test("sort by movie id as a number", () => {
    const movies = new Movies();
    for (const id of IDS) movies.add(id, undefined);
    expect(Array.from(movies.inIdOrder([0, 1, 2, 3, 4, 5, 6]))).toEqual([1, 6, 0, 2, 3, 4, 5]);
  });

  test(`sort so whether few or many are asked for (TEST_SEED=${SEED})`, () => {
    const random = new Random(SEED);
    // Of each size of id, with gaps, in any order.
    const ids = [8000, 2 ** 20 - 8000, 2 ** 20, 2 ** 31 - 8000].flatMap((from) =>
      Array.from({ length: 3000 }, (_, place) => from + place * 2).sort(() => random.whole(-1, 1)),
    );
    const movies = new Movies();
    for (const id of ids) movies.add(id, undefined);
    for (const share of [1, 0.9, 0.5, 0.1, 0.01, 0]) {
      const slots = ids.flatMap((_, slot) => (random.chance(share) ? [slot] : []));
      const inOrder = slots.toSorted((a, b) => ids[a] - ids[b]);
      expect(Array.from(movies.inIdOrder(slots))).toEqual(inOrder);
      expect(Array.from(movies.inIdOrder(Int32Array.from(slots.toReversed())))).toEqual(inOrder);
    }
  });
});

describe("the checkpoint", () => {
  test("notes each movie once, and all of them in a base", () => {
    const movies = new Movies();
    movies.add(9, "Nine");
    movies.add(2 ** 31 - 1, undefined);
    const base = written(movies, true);
    movies.add(3, "");
    const delta = written(movies, false);
    expect(listed(restored(base, delta))).toEqual([
      [9, "Nine"],
      [2 ** 31 - 1, undefined],
      [3, ""],
    ]);
    expect(listed(restored(written(movies, true)))).toEqual(listed(movies));
    expect(restored(base, delta).slotOf(2 ** 31 - 1)).toBe(1);
    expect(written(movies, false)).toHaveLength(3); // nothing is new
  });

  test("notes titles that were added or changed later, before and after a restart", () => {
    const movies = new Movies();
    movies.add(9, "Nine");
    movies.add(10, undefined);
    const base = written(movies, true);
    movies.retitle(1, "Ten");
    movies.retitle(0, "Nine, Again");
    movies.add(11, undefined);
    movies.retitle(2, "Eleven"); // new in this epoch itself
    const delta = written(movies, false);
    const after = restored(base, delta);
    const titles = [
      [9, "Nine, Again"],
      [10, "Ten"],
      [11, "Eleven"],
    ];
    expect(listed(after)).toEqual(titles);
    after.retitle(2, "Twelve");
    expect(listed(restored(base, delta, written(after, false)))).toEqual([titles[0], titles[1], [11, "Twelve"]]);
  });

  test("of a base that does not follow on what is known is not taken in", () => {
    const movies = new Movies();
    movies.add(9, "Nine");
    const base = written(movies, true);
    expect(() => restored(base, base)).toThrow("movies follow on those known");
  });
});
