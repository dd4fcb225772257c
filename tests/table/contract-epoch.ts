/**
 * What every result table promises of an epoch: that it is written once, after the right one, by whoever has claimed
 * its shard, and not before the checkpoint has it. A part of the suite in `contract.ts`.
 */
import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { failureOf } from "../failure.ts";
import { epochOf, identity, inKeyOrder, row, type TestDatabase } from "./fixture.ts";

/** At what must not be there: together longer than it would take to come. */
const LOOKS = 20;

export function epochContract(database: () => TestDatabase): void {
  describe("an epoch", () => {
    test("that went through before is not written again", async () => {
      const table = await database().claimed();
      await table.apply("me", epochOf(1, [row(0, 1, 1)]));
      await table.apply("me", epochOf(1, [row(0, 1, 99), row(0, 2, 99)]));
      expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
    });

    for (const [what, count] of [
      ["a row", 1],
      ["many rows", 2_000],
    ] as const) {
      const rows = Array.from({ length: count }, (_, index) => row(0, index + 1, 1));
      const epoch = () => epochOf(1, rows, 0, () => true);

      test(`of ${what} is not there before the checkpoint has it`, async () => {
        const table = await database().claimed();
        const { promise: logged, resolve } = Promise.withResolvers<void>();
        const applied = table.apply("me", epoch(), logged);
        for (let look = 0; look < LOOKS; look++) expect(await database().storedRows()).toEqual([]);
        resolve();
        await applied;
        expect(await database().storedRows()).toEqual(inKeyOrder(rows));
      });

      test(`of ${what} is not there where the checkpoint could not take it`, async () => {
        const table = await database().claimed();
        const { promise: logged, reject } = Promise.withResolvers<void>();
        logged.catch(() => {}); // Whoever writes the checkpoint has it, too.
        const error = failureOf(() => table.apply("me", epoch(), logged));
        reject(new UserError(3, "the disk is full", "free some"));
        expect((await error).message).toBe("the disk is full");
        expect(await database().storedRows()).toEqual([]);
        await table.apply("me", epoch());
        expect(await database().storedRows()).toEqual(inKeyOrder(rows));
      });
    }

    for (const [what, previous] of [
      ["number", identity(2)],
      ["run", identity(1, "run-2")],
      ["owner", identity(1, "run-1", "owner-2")],
    ] as const) {
      test(`is refused where the table stands at an epoch of another ${what}`, async () => {
        const table = await database().claimed();
        await table.apply("me", epochOf(1, [row(0, 1, 1)]));
        const error = await failureOf(() => table.apply("me", { ...epochOf(3, [row(0, 1, 3)]), previous }));
        expect(error.exitCode).toBe(4);
        expect(error.hint).toContain("--rebuild");
        expect(await database().storedRows()).toEqual([row(0, 1, 1)]);
        expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(1), offset: 100, claimant: "me" }]);
      });
    }

    test("is refused once another has claimed the shard, and the error names it", async () => {
      const table = await database().claimed();
      await table.claim("successor", 1, () => identity(0));
      const error = await failureOf(() => table.apply("me", epochOf(1, [row(0, 1, 1)])));
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("successor");
      expect(await database().storedRows()).toEqual([]);
    });

    test("is refused for a shard that nobody claimed", async () => {
      const table = await database().claimed(1);
      expect((await failureOf(() => table.apply("me", epochOf(1, [], 1)))).exitCode).toBe(4);
    });

    test("moves only its own shard", async () => {
      const table = await database().claimed(3);
      await table.apply("me", epochOf(1, [row(0, 1, 1)], 1));
      expect((await table.standings()).map(({ epoch }) => epoch.number)).toEqual([0, 1, 0]);
    });
  });
}
