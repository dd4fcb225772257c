/**
 * The contract of `src/table/contract.ts` as suites that every result table has to pass: what is written and when
 * (`contract-epoch.ts`), who may write it, and how it is made and taken away (`contract-admin.ts`). Knows no database;
 * that is the fixture's.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Row } from "../../src/epoch.ts";
import { UserError } from "../../src/errors.ts";
import type { ShardStanding } from "../../src/table/contract.ts";
import { failureOf } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { adminContract } from "./contract-admin.ts";
import { epochContract } from "./contract-epoch.ts";
import { epochOf, identity, inKeyOrder, row, SOURCE, type TableFixture, TestDatabase, WINDOW_S } from "./fixture.ts";

/** Starting a process takes a while on a busy machine. */
const PROCESS_TEST_MS = 60_000;

export function tableContract(name: string, makeFixture: () => Promise<TableFixture>): void {
  describe(`${name} keeps the contract of the result table:`, () => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = new TestDatabase(await makeFixture());
    });
    afterEach(() => database.end());

    rowsContract(() => database);
    epochContract(() => database);
    claimContract(() => database);
    lockContract(() => database);
    readerContract(() => database);
    adminContract(() => database);
  });
}

function rowsContract(database: () => TestDatabase): void {
  describe("rows", () => {
    test("stand there as they were given, whatever they hold", async () => {
      const rows = [
        row(0, 1, 1, `O'Brien, "the" \\ ;-- %s ?`),
        row(0, 2_147_483_647, 5, "Zażółć gęślą jaźń 東京 🎬"),
        row(-WINDOW_S, 7, 5, "x".repeat(128)),
        row(253_402_214_400, 10, 5, ""),
        { ...row(WINDOW_S, 3, 0), ratingCount: 2_147_483_647, ratingSum: 2_147_483_647 },
      ];
      await database().used(rows);
      expect(await database().storedRows()).toEqual(inKeyOrder(rows));
      expect(await database().newest(9)).toHaveLength(5);
      const ids = await database().fixture.sql("SELECT movie_id FROM movie_ratings WHERE rating_sum = 2147483647");
      expect(ids.map(({ movie_id }) => movie_id)).toEqual(["3"]);
    });

    test("are rewritten by later epochs and end as a plain map would have them", async () => {
      const seed = Date.now() % 1_000_000;
      console.log(`seed ${seed}`);
      const random = new Random(seed);
      const table = await database().claimed();
      const model = new Map();
      for (let number = 1; number <= 6; number++) {
        const changes = new Map();
        const titles = Array.from({ length: 91 }, () => `T${random.whole(1, 3)}`);
        for (let i = 0; i < 733; i++) {
          const movieId = random.whole(1, 90);
          const change = row(random.whole(-4, 4) * WINDOW_S, movieId, number, titles[movieId]);
          changes.set(`${change.windowStart} ${change.movieId}`, change);
        }
        // Once an epoch takes for new what is not: nothing may be lost by that.
        const isNew = ({ windowStart, movieId }: Row) => number === 4 || !model.has(`${windowStart} ${movieId}`);
        await table.apply("me", epochOf(number, [...changes.values()], 0, isNew));
        for (const [key, change] of changes) model.set(key, change);
      }
      expect(await database().storedRows()).toEqual(inKeyOrder([...model.values()]));
    });

    test("need not be there for an epoch to move the shard on", async () => {
      await database().used([]);
      const table = await database().open();
      expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(1), offset: 100, claimant: "me" }]);
    });
  });
}

function claimContract(database: () => TestDatabase): void {
  describe("a claim", () => {
    test("makes missing shards at offset 0 and keeps the standing of those that are there", async () => {
      const table = await database().claimed(2);
      await table.apply("me", epochOf(1, [], 1));
      const judged: [number, ShardStanding | undefined][] = [];
      await table.claim("next", 3, (partition, found) => {
        judged.push([partition, found]);
        return found?.epoch ?? identity(0, "run-1", "owner-9");
      });
      expect(judged).toEqual([
        [0, { partition: 0, epoch: identity(0), offset: 0, claimant: "me" }],
        [1, { partition: 1, epoch: identity(1), offset: 100, claimant: "me" }],
        [2, undefined],
      ]);
      expect(await table.standings()).toEqual([
        { partition: 0, epoch: identity(0), offset: 0, claimant: "next" },
        { partition: 1, epoch: identity(1), offset: 100, claimant: "next" },
        { partition: 2, epoch: identity(0, "run-1", "owner-9"), offset: 0, claimant: "next" },
      ]);
    });

    test("that is judged wrong changes nothing, for no shard", async () => {
      const table = await database().claimed(1);
      const before = await table.standings();
      const verdict = new UserError(4, "not of this log", "rebuild");
      const judge = (partition: number) => {
        if (partition === 1) throw verdict;
        return identity(0);
      };
      expect(await failureOf(() => table.claim("next", 2, judge))).toBe(verdict);
      expect(await table.standings()).toEqual(before);
    });

    test("by a restart removes all rows and sets the shards to the new run", async () => {
      const table = await database().claimed(3);
      await table.apply("me", epochOf(1, [row(0, 1, 1)], 2));
      await table.restart("next", [identity(0, "run-2"), identity(0, "run-2")]);
      expect(await database().storedRows()).toEqual([]);
      expect(await table.standings()).toEqual([
        { partition: 0, epoch: identity(0, "run-2"), offset: 0, claimant: "next" },
        { partition: 1, epoch: identity(0, "run-2"), offset: 0, claimant: "next" },
      ]);
    });

    test("is found held by whoever made it, and by nobody else", async () => {
      const table = await database().claimed(2);
      await table.checkClaimed("me");
      const error = await failureOf(() => table.checkClaimed("them"));
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("taken by another process (me)");
    });

    test("that is gone is held by nobody", async () => {
      const table = await database().claimed(1);
      await table.restart("me", []);
      const error = await failureOf(() => table.checkClaimed("me"));
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("or reset");
    });

    for (const other of [
      { ...SOURCE, group: "other-group" },
      { ...SOURCE, topic: "other-topic" },
    ]) {
      test(`is refused for group ${other.group}, topic ${other.topic}, where the table is another's`, async () => {
        await database().used([row(0, 1, 1)]);
        const table = await database().open(other);
        await table.lock();
        for (const attempt of [
          () => table.standings(),
          () => table.claim("them", 1, () => identity(0)),
          () => table.restart("them", [identity(0, "run-2")]),
        ]) {
          const error = await failureOf(attempt);
          expect(error.exitCode).toBe(4);
          expect(error.message).toContain(`group ${SOURCE.group}, topic ${SOURCE.topic}`);
        }
        expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
      });
    }
  });
}

function lockContract(database: () => TestDatabase): void {
  describe("the lock", () => {
    test("keeps a second process out, names the first, and is free once that has closed", async () => {
      const table = await database().claimed();
      const second = await database().open(SOURCE, "process, pid 2");
      const error = await failureOf(() => second.lock());
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("process, pid 1");
      await table.close();
      await second.lock();
      await second.claim("second", 1, () => identity(0));
      expect((await second.standings()).map(({ claimant }) => claimant)).toEqual(["second"]);
    });

    test(
      "is free at once after kill -9, and the table stands at a whole epoch",
      async () => {
        await database().setup();
        const other = database().startOther();
        await other.appliedAfter(20);
        const successor = await database().open();
        expect((await failureOf(() => successor.lock())).exitCode).toBe(4);
        await other.kill();

        await successor.lock();
        const [shard] = await successor.standings();
        expect(shard.epoch.number).toBeGreaterThan(20);
        expect(shard.offset).toBe(shard.epoch.number * 100);
        const counts = (await database().storedRows()).map(({ ratingCount }) => ratingCount);
        expect(counts).toEqual(Array(500).fill(shard.epoch.number));
        await successor.claim("successor", 1, () => identity(0));
        await successor.apply("successor", { ...epochOf(shard.epoch.number + 1, []), previous: shard.epoch });
      },
      PROCESS_TEST_MS,
    );
  });
}

function readerContract(database: () => TestDatabase): void {
  describe("a reader", () => {
    test("gives the newest windows first, then movie ids as numbers, and no more than asked for", async () => {
      const rows = [
        row(WINDOW_S, 10, 1),
        row(0, 3, 1),
        row(-WINDOW_S, 1, 1),
        row(WINDOW_S, 9, 1),
        row(WINDOW_S, 100, 1),
      ];
      await database().used(rows);
      const [tenth, third, first, ninth, hundredth] = rows;
      expect(await database().newest(50)).toEqual([ninth, tenth, hundredth, third, first]);
      expect(await database().newest(4)).toEqual([ninth, tenth, hundredth, third]);
    });

    test("gives rows that somebody else put there, whatever their movie ids are", async () => {
      await database().used([row(0, 9, 1), row(0, 10, 1), row(0, 1234, 1)]);
      for (const id of ["abc", "007", "-3", "99999999999999999999", ""]) {
        await database().fixture.sql(`INSERT INTO movie_ratings VALUES (0, '${id}', 'foreign', 1, 1, 1)`);
      }
      const ids = (await database().newest(50)).map(({ movieId }) => movieId);
      expect(ids).toEqual(["", 9, -3, 10, "007", "abc", 1234, "99999999999999999999"]);
    });

    test(
      "sees whole epochs only, and each one soon, while another process writes",
      async () => {
        await database().setup();
        const other = database().startOther();
        let seen = 0;
        for (let reads = 0; reads < 10; reads++) {
          const applied = await other.appliedAfter(seen);
          const counts = (await database().newest(1000)).map(({ ratingCount }) => ratingCount);
          seen = counts[0];
          expect(seen).toBeGreaterThanOrEqual(applied);
          expect(counts).toEqual(Array(500).fill(seen));
        }
      },
      PROCESS_TEST_MS,
    );
  });
}
