/**
 * The part of the result table's contract that `setup` and `cleanup` keep: a table is made once, is used only in the
 * shape of the contract and with the tables that belong with it, and is taken away without what was there before.
 */
import { describe, expect, mock, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { failureOf } from "../failure.ts";
import { epochOf, identity, row, SOURCE, type TestDatabase } from "./fixture.ts";

const CREATE_MOVIE_RATINGS = `CREATE TABLE movie_ratings (
  window_start BIGINT, movie_id VARCHAR(32), title VARCHAR(128), rating_count INTEGER, rating_sum INTEGER,
  unique_rating_count INTEGER, PRIMARY KEY (window_start, movie_id))`;

export function adminContract(database: () => TestDatabase): void {
  describe("setup", () => {
    test("says what it made, and nothing when it is repeated; rows stay", async () => {
      expect((await database().setup()).join("\n")).toContain("movie_ratings");
      await database().used([row(0, 1, 1)]);
      expect(await database().setup()).toEqual([]);
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
    });

    test("has to come first: without it there is nothing to open or read", async () => {
      for (const attempt of [() => database().open(), () => database().newest(1)]) {
        const error = await failureOf(attempt);
        expect(error.exitCode).toBe(2);
        expect(error.hint).toContain("tidemark setup");
      }
    });

    for (const [what, create] of [
      ["a column too many", CREATE_MOVIE_RATINGS.replace("PRIMARY", "note INTEGER, PRIMARY")],
      ["a column less", CREATE_MOVIE_RATINGS.replace("title VARCHAR(128),", "")],
      ["another name", CREATE_MOVIE_RATINGS.replace("title", "name")],
      ["another type", CREATE_MOVIE_RATINGS.replace("rating_sum INTEGER", "rating_sum BIGINT")],
      ["another width", CREATE_MOVIE_RATINGS.replace("VARCHAR(128)", "VARCHAR(64)")],
      ["another key", CREATE_MOVIE_RATINGS.replace("KEY (window_start, movie_id)", "KEY (movie_id)")],
      ["no key", CREATE_MOVIE_RATINGS.replace(/, PRIMARY KEY .*/, ")")],
    ]) {
      test(`refuses a table with ${what}, as everything does, and leaves it alone`, async () => {
        await database().fixture.sql(create);
        for (const attempt of [() => database().setup(), () => database().open(), () => database().newest(1)]) {
          expect((await failureOf(attempt)).exitCode).toBe(4);
        }
        await database().fixture.sql("INSERT INTO movie_ratings (window_start, movie_id) VALUES (1, '2')");
        expect((await (await database().admin()).cleanup()).removed).toEqual([]);
        expect(await database().fixture.tables()).toEqual(["movie_ratings"]);
        const ids = await database().fixture.sql("SELECT movie_id FROM movie_ratings");
        expect(ids.map(({ movie_id }) => movie_id)).toEqual(["2"]);
      });
    }

    test("refuses rows of which nobody knows whose they are, as process does", async () => {
      await database().used([row(0, 1, 1)]);
      await database().fixture.sql("DROP TABLE tidemark_shards");
      expect((await failureOf(() => database().open())).exitCode).toBe(4);
      expect((await failureOf(() => database().setup())).exitCode).toBe(4);
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
    });

    test("makes a lost table anew and forgets how far the lost rows reached", async () => {
      await database().used([row(0, 1, 1)]);
      await database().fixture.sql("DROP TABLE movie_ratings");
      expect((await failureOf(() => database().open())).exitCode).toBe(4);
      expect((await failureOf(() => database().newest(1))).exitCode).toBe(4);
      await database().setup();
      const table = await database().open();
      expect(await table.standings()).toEqual([]);
    });
  });

  describe("cleanup", () => {
    test("refuses while a process lives, then removes all; setup after it starts afresh", async () => {
      const table = await database().claimed();
      await table.apply("me", epochOf(1, [row(0, 1, 1)]));
      const admin = await database().admin();
      const error = await failureOf(() => admin.cleanup());
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("process, pid 1");
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
      const whenSure = mock(async () => {});
      await failureOf(() => admin.cleanup(whenSure));
      expect(whenSure).not.toHaveBeenCalled();
      await table.close();

      const failing = async () => {
        throw new UserError(2, "not yet", "");
      };
      expect((await failureOf(() => admin.cleanup(failing))).message).toBe("not yet");
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);

      expect((await admin.inventory()).join("\n")).toContain("movie_ratings");
      expect((await admin.cleanup()).removed.join("\n")).toContain("movie_ratings");
      expect(await database().fixture.tables()).toEqual([]);
      expect(await admin.inventory()).toEqual([]);
      expect(await admin.cleanup()).toEqual({ removed: [], kept: [] });

      const again = await database().claimed();
      expect(await database().storedRows()).toEqual([]);
      expect(await again.standings()).toEqual([{ partition: 0, epoch: identity(0), offset: 0, claimant: "me" }]);
    });

    test("leaves a table that was there before setup, without the run's rows", async () => {
      await database().fixture.sql(CREATE_MOVIE_RATINGS);
      await database().used([row(0, 1, 1)]);
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
      const admin = await database().admin();
      expect((await admin.inventory()).join("\n")).toContain("the rows of table movie_ratings");
      const { removed, kept } = await admin.cleanup();
      expect(removed.join("\n")).toContain("the rows of table movie_ratings");
      expect(kept.join("\n")).toStartWith("table movie_ratings");
      expect(await database().fixture.tables()).toEqual(["movie_ratings"]);
      expect(await database().storedRows()).toEqual([]);
    });

    test("and setup refuse a table that is another group's", async () => {
      await database().used([row(0, 1, 1)]);
      const admin = await database().admin({ ...SOURCE, group: "other-group" });
      for (const attempt of [() => admin.setup(), () => admin.cleanup()]) {
        const error = await failureOf(attempt);
        expect(error.exitCode).toBe(4);
        expect(error.message).toContain(SOURCE.group);
      }
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
    });
  });
}
