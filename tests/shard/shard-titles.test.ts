/** Titles in a shard, by examples: in rows and anomalies, missing ones, and those that came or changed later. */
import { describe, expect, test } from "bun:test";
import { ByteReader, joined } from "../../src/byte-stream.ts";
import { feed, makeShard, OCTOBER, restarted, SEPTEMBER, titles } from "./example-shard.ts";

describe("titles", () => {
  const long = "x".repeat(200);

  test("are cut in rows, and whole in anomalies", () => {
    const shard = makeShard({}, { titleOf: () => long });
    feed(shard, "2002-09-20,1,u,4");
    shard.drain();
    const { rows, anomalies } = shard.takeEpoch(true);
    expect([titles([...rows]), titles(anomalies)]).toEqual([[long.slice(0, 128)], [long]]);
  });

  test("mode A: a title added or changed later hands the movie's rows out anew, others not", () => {
    const shard = makeShard({ mode: "A" }, { titleOf: (movieId) => (movieId === 2 ? undefined : "old") });
    feed(shard, "2002-09-20,1,u,4", "2002-10-10,2,u,4", "2002-09-20,2,u,5", "2002-09-20,3,u,5");
    const first = shard.takeEpoch(true);
    expect([...first.rows].map(({ movieId }) => movieId)).toEqual([1, 3]);
    expect(shard.untitled).toBe(2);

    const titleOf = (movieId: number) => ["", "old", "new", "newer"][movieId];
    const after = restarted(first.state, { mode: "A" }, { titleOf });
    expect(after.changed).toBe(false);
    after.retitle(1000);
    expect([after.changed, after.pendingRows, after.untitled]).toEqual([true, 3, 0]);
    const second = after.takeEpoch(false);
    expect([...second.rows]).toMatchObject([
      { windowStart: SEPTEMBER, movieId: 2, title: "new", ratingCount: 1, ratingSum: 5 },
      { windowStart: SEPTEMBER, movieId: 3, title: "newer", ratingCount: 1, ratingSum: 5 },
      { windowStart: OCTOBER, movieId: 2, title: "new", ratingCount: 1, ratingSum: 4 },
    ]);

    // The checkpoint has the new titles, so the next start finds nothing to do; one that is gone stays.
    const third = makeShard({ mode: "A" }, { titleOf: (movieId) => (movieId === 3 ? undefined : titleOf(movieId)) });
    for (const state of [first.state, second.state]) third.restore(new ByteReader(joined(state)));
    third.retitle(1000);
    expect(third.changed).toBe(false);
    feed(third, "2002-09-20,3,u,1");
    expect([...third.takeEpoch(false).rows]).toMatchObject([{ movieId: 3, title: "newer", ratingSum: 6 }]);
  });

  test("mode A: many new titles come in epochs of their own, and a restart between two goes on", () => {
    const first = makeShard({ mode: "A" }, { titleOf: () => "old" });
    const movies = Array.from({ length: 10 }, (_, index) => index + 1);
    feed(first, ...movies.flatMap((movie) => [`2002-09-20,${movie},u,4`, `2002-10-20,${movie},u,4`]));
    const states = [first.takeEpoch(true).state];
    const rows: string[] = [];
    for (let epochs = 1; ; epochs++) {
      const shard = makeShard({ mode: "A" }, { titleOf: () => "new" });
      for (const state of states) shard.restore(new ByteReader(joined(state)));
      const isDone = shard.retitle(5);
      const epoch = shard.takeEpoch(false);
      rows.push(...[...epoch.rows].map(({ windowStart, movieId, title }) => `${windowStart} ${movieId} ${title}`));
      states.push(epoch.state);
      expect(epoch.rows.length).toBeLessThanOrEqual(6);
      if (!isDone) continue;
      expect(epochs).toBe(4);
      break;
    }
    const expected = [SEPTEMBER, OCTOBER].flatMap((start) => movies.map((movie) => `${start} ${movie} new`));
    expect(rows.sort()).toEqual(expected.sort());
  });

  test("mode C: what became final without a title stays out, what is open gets it", () => {
    const shard = makeShard({}, { titleOf: () => undefined });
    feed(shard, "2002-09-20,1,u,4", "2002-10-20,1,u,4");
    const first = shard.takeEpoch(true);
    expect([...first.rows, ...first.anomalies]).toEqual([]);
    expect(shard.untitled).toBe(2);
    const after = restarted(first.state, {}, { titleOf: () => "new" });
    after.retitle(1000);
    after.drain();
    const { rows, anomalies } = after.takeEpoch(false);
    expect([...rows].map(({ windowStart, title }) => [windowStart, title])).toEqual([[OCTOBER, "new"]]);
    expect(titles(anomalies)).toEqual(["new"]);
    expect(after.untitled).toBe(2);
  });
});
