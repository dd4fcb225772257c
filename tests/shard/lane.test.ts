/**
 * The lane: that the WebAssembly in the repository is what its source compiles to, that it reads plain ratings as the
 * parser does and leaves all others alone, and that its memory grows under it without a rating lost.
 */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DayRun } from "../../src/shard/day-run.ts";
import { LaneMemory, WORTHWHILE_BYTES } from "../../src/shard/lane-memory.ts";
import { Movies } from "../../src/shard/movies.ts";
import { RatingParser } from "../../src/shard/rating.ts";
import { SliceWalk } from "../../src/shard/slice-walk.ts";
import { Random } from "../generate/random.ts";
import { batchOf } from "../topic/fixture.ts";
import { figuresOf } from "./run-figures.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** Long, for machines under load. */
const TIMEOUT_MS = 60_000;
const DATE = "2005-03-04";

/**
 * Walks the lines by the lane wherever it can: what it gathered, the movies by slot, and the offsets of those that it
 * left. `known` are the movies of an earlier run; a movie more than `moviesMax` is left alone.
 */
function walked(lines: readonly string[], known = new Movies(), moviesMax = Number.POSITIVE_INFINITY) {
  const memory = new LaneMemory();
  const walk = new SliceWalk("the topic", undefined, memory);
  const run = new DayRun(memory);
  const parser = new RatingParser();
  const movies = known;
  run.knowAll(movies);
  const left: number[] = [];
  const batch = batchOf(lines);
  expect(batch.length).toBeGreaterThanOrEqual(WORTHWHILE_BYTES);
  walk.load(batch, lines.length);
  for (let next = 0; walk.next(next); next = walk.cursor.offset + 1) {
    const { cursor } = walk;
    left.push(cursor.offset);
    parser.attach(walk.bytes);
    if (!parser.parse(cursor.valueStart, cursor.valueEnd)) continue;
    let slot = movies.slotOf(parser.movieId);
    if (slot < 0 && movies.count >= moviesMax) continue;
    if (slot < 0) slot = movies.add(parser.movieId, undefined);
    run.add(parser.movieId, slot, parser.rating);
    const given = run.gather(cursor, moviesMax);
    while (movies.count < given) movies.add(run.givenTo[movies.count], undefined);
  }
  const taken = run.take();
  const figures = new Map([...figuresOf(taken)].map(([slot, figures]) => [movies.idOf(slot), figures]));
  const ids = Array.from({ length: movies.count }, (_, slot) => movies.idOf(slot));
  return { figures, left, movies: ids, ratings: taken.ratings };
}

/** The same, one by one. */
function expectedOf(lines: readonly string[]): Map<number, readonly number[]> {
  const figures = new Map<number, readonly number[]>();
  for (const line of lines) {
    const [, movie, , rating] = line.split(",").map(Number);
    const [count, sum, values] = figures.get(movie) ?? [0, 0, 0];
    figures.set(movie, [count + 1, sum + rating, values | (1 << rating)]);
  }
  return figures;
}

const plain = (movie: number, rating: number, user: string | number = 1_488_844) =>
  `${DATE},${movie},${user},${rating}`;
const many = (line: (at: number) => string, count = 400) => Array.from({ length: count }, (_, at) => line(at));

test(
  "is what wasm/lane.ts compiles to",
  () => {
    const compiled = execFileSync(process.execPath, [join(ROOT, "scripts/wasm.ts"), "--print"], { encoding: "utf8" });
    expect(readFileSync(join(ROOT, "src/shard/lane-wasm.ts"), "utf8")).toBe(compiled);
  },
  TIMEOUT_MS,
);

describe("gathers", () => {
  test("what a parser reads, of movies and users with any number of digits", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const movies = [
      1,
      9,
      10,
      99,
      100,
      12_725,
      99_999,
      100_000,
      1_048_575,
      1_048_576,
      9_999_999,
      10_000_000,
      2 ** 31 - 1,
    ];
    const lines = many(
      () => plain(random.pick(movies), random.whole(0, 9), random.whole(0, 10 ** random.whole(1, 12))),
      5000,
    );
    const { figures, left, ratings } = walked(lines);
    expect(figures).toEqual(expectedOf(lines));
    expect(ratings).toBe(5000);
    // The first, those of an id too large for any table, and each that the table has to grow for.
    let ids = 2 ** 15;
    const expected = lines.flatMap((line, offset) => {
      const id = Number(line.split(",")[1]);
      const isBeyond = id >= ids;
      if (isBeyond && id < 2 ** 20) ids = 2 ** Math.ceil(Math.log2(id + 1));
      return offset === 0 || isBeyond ? [offset] : [];
    });
    expect(left).toEqual(expected);
  });

  test("movies that it meets first, which get the next slots in order of appearance", () => {
    const lines = many((at) => plain(1 + ((at * 7919) % 997), at % 10), 3000);
    const { figures, left, movies } = walked(lines);
    expect(left).toEqual([0]);
    expect(figures).toEqual(expectedOf(lines));
    expect(movies).toEqual([...new Set(lines.map((line) => Number(line.split(",")[1])))]);
  });

  test("movies of an earlier run by the slots that they have", () => {
    const known = new Movies();
    for (const id of [30, 7, 2 ** 20 + 1, 12]) known.add(id, undefined);
    const lines = many((at) => plain(1 + (at % 40), 3));
    const { figures, left, movies } = walked(lines, known);
    expect(left).toEqual([0]);
    expect(figures).toEqual(expectedOf(lines));
    expect(movies.slice(0, 4)).toEqual([30, 7, 2 ** 20 + 1, 12]);
    expect(new Set(movies).size).toBe(movies.length);
    expect(movies.length).toBe(41);
  });

  test("into cells that hold ratings of 10, which the parser adds", () => {
    const lines = many((at) => plain(5, at % 11));
    const { figures, left } = walked(lines);
    expect(figures).toEqual(expectedOf(lines));
    expect(left.length).toBe(1 + Math.floor(lines.length / 11));
  });

  test("into a memory that grows with movies and slots", () => {
    const lines = many((at) => plain(1 + ((at * 7919) % 100_003), at % 10), 60_000);
    const { figures, ratings } = walked([...lines, ...lines]);
    expect(ratings).toBe(120_000);
    expect(figures).toEqual(expectedOf([...lines, ...lines]));
  });

  test("beside a user of any signs that need no quotes", () => {
    for (const user of ["x", "a b", "Ž😀", "-", "/", "12a4", "1:34", "0"]) {
      const lines = many(() => plain(5, 3, user));
      const { figures, ratings } = walked(lines);
      expect([ratings, figures.get(5)]).toEqual([400, [400, 1200, 1 << 3]]);
    }
  });
});

describe("leaves to the parser", () => {
  test.each([
    ["another date", "2005-03-05,5,1488844,3"],
    ["a date and time", `${DATE}T00:00:00,5,1488844,3`],
    ["a date in quotes", `"${DATE}",5,1488844,3`],
    ["a rating of 10", plain(5, 10)],
    ["a rating in quotes", `${DATE},5,1488844,"3"`],
    ["a rating that is no digit", `${DATE},5,1488844,:`],
    ["no user", `${DATE},5,,3`],
    ["a user in quotes", `${DATE},5,"1488844",3`],
    ["a user with a sign below the comma", `${DATE},5,14 88,3`],
    ["one column more", `${DATE},5,1488844,3,3`],
    ["one column less", `${DATE},51488844,3`],
    ["a line end", `${plain(5, 3)}\n`],
    ["a movie with a leading zero", `${DATE},05,1488844,3`],
    ["a movie that is no number", `${DATE},5a,1488844,3`],
    ["a movie with eight digits", `${DATE},12345678,1488844,3`],
    ["an empty value", ""],
    ["a long line", plain(5, 3, "1".repeat(200))],
  ])("%s", (_, line) => {
    const lines = many((at) => (at === 200 ? line : plain(5, at % 10)));
    const { left } = walked(lines);
    // What is no rating leaves the one behind it to the parser as well.
    expect([
      [0, 200],
      [0, 200, 201],
    ]).toContainEqual(left);
  });

  test.each([3, 2, 1])("a movie more than there may be, where %i are known", (count) => {
    const known = new Movies();
    for (let id = 1; id <= count; id++) known.add(id, undefined);
    const lines = many((at) => plain(1 + (at % 4), at % 10));
    const { left, movies, ratings } = walked(lines, known, 2);
    expect(movies).toEqual(count === 3 ? [1, 2, 3] : [1, 2]);
    const counted = lines.filter((line) => movies.includes(Number(line.split(",")[1])));
    expect(ratings).toBe(counted.length);
    expect(lines.filter((line, at) => !counted.includes(line) && !left.includes(at))).toEqual([]);
  });
});

describe("hands out", () => {
  /** A run over a memory that a batch was brought into. */
  function runInLane(): DayRun {
    const memory = new LaneMemory();
    memory.bringIn(new Uint8Array(WORTHWHILE_BYTES), 0, WORTHWHILE_BYTES);
    return new DayRun(memory);
  }

  test("the most that a movie's cell holds, and is empty then", () => {
    const run = runInLane();
    let ratings = 0;
    for (; !run.full; ratings++) run.add(8, 0, 10);
    expect([...figuresOf(run.take())]).toEqual([[0, [ratings, ratings * 10, 1 << 10]]]);
    expect(run.empty).toBe(true);
    run.add(8, 0, 0);
    expect([...figuresOf(run.take())]).toEqual([[0, [1, 0, 1]]]);
  });

  test("few movies and most movies, each once, most in the order of their slots", () => {
    const run = runInLane();
    const all = Array.from({ length: 1000 }, (_, slot) => slot);
    for (const slots of [all.toReversed(), [900, 3, 999], all.slice(500), [7]]) {
      for (const slot of slots) run.add(slot + 1, slot, slot % 6);
      const { entries, values, ratings } = run.take();
      const movies = [...figuresOf({ entries, values, ratings })];
      const figures = slots.map((slot) => [slot, [1, slot % 6, 1 << (slot % 6)]]);
      expect(movies).toEqual((slots.length < 250 ? figures : figures.toSorted(bySlot)) as typeof movies);
      expect([values.length, ratings]).toEqual([slots.length, slots.length]);
    }
  });

  const bySlot = ([a]: readonly unknown[], [b]: readonly unknown[]) => Number(a) - Number(b);
});
