/** The PostgreSQL table: the contract, and what can befall a session. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { openPostgresTable } from "../../src/table/postgres.ts";
import { PostgresSession } from "../../src/table/postgres-session.ts";
import { failureOf } from "../failure.ts";
import { waitFor } from "../scenarios/running-command.ts";
import { CutProxy } from "../services/cut-proxy.ts";
import { PostgresServer, quoted } from "../services/postgres.ts";
import { tableContract } from "./contract.ts";
import { epochOf, identity, row, SOURCE, TestDatabase } from "./fixture.ts";
import { PostgresFixture } from "./postgres-fixture.ts";

/** The package may have to be installed first. */
const START_MS_MAX = 300_000;
const PROCESS_TEST_MS = 60_000;

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, START_MS_MAX);
afterAll(() => server?.remove());

tableContract("PostgreSQL", async () => new PostgresFixture(server));

describe("a PostgreSQL session", () => {
  let fixture: PostgresFixture;
  let database: TestDatabase;
  beforeEach(() => {
    fixture = new PostgresFixture(server);
    database = new TestDatabase(fixture);
  });
  afterEach(() => database.end());

  /** All rows are of the epoch at which the shard stands. */
  async function expectWhole(after: number): Promise<void> {
    const [{ epoch_number: number, next_offset: offset }] = await fixture.sql("SELECT * FROM tidemark_shards");
    expect(Number(number)).toBeGreaterThanOrEqual(after);
    expect(offset).toBe(Number(number) * 100);
    const counts = (await database.storedRows()).map(({ ratingCount }) => ratingCount);
    expect(counts).toEqual(Array(500).fill(number));
  }

  test(
    "that is terminated again and again is made anew, and nothing is lost or left out",
    async () => {
      await database.setup();
      const other = database.startOther();
      let seen = await other.appliedAfter(0);
      for (let ended = 0; ended < 12; ) {
        // None may be there: the last one's end is noticed only with a later epoch.
        ended += server.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidemark' ` +
            `AND datname = ${quoted(fixture.name, "'")}`,
        ).length;
        seen = await other.appliedAfter(seen + 20);
      }
      await other.kill();
      await expectWhole(seen);
    },
    PROCESS_TEST_MS,
  );

  // A server that is not the tests' own is not stopped.
  test.skipIf(process.env.TEST_POSTGRES !== undefined)(
    "outlives its server, which is stopped and started again",
    async () => {
      await database.setup();
      const other = database.startOther();
      const reader = fixture.reader();
      let seen = await other.appliedAfter(5);
      expect(await reader.newest(1)).toHaveLength(1);
      await server.stop();
      const read = reader.newest(500);
      await server.startAgain();
      expect(await read).toHaveLength(500);
      await reader.close();
      seen = await other.appliedAfter(seen + 20);
      await other.kill();
      await expectWhole(seen);
    },
    PROCESS_TEST_MS,
  );

  // A small epoch is one statement, any other a transaction; the byte that ends COMMIT is not in what BEGIN says.
  // The statement is tried again in any case, and finds by the shard's row whether it is still to be done.
  for (const [what, rows, commit, inserts] of [
    ["a statement", 1, /apply-small-epoch/, { before: 2, after: 2 }],
    ["COMMIT", 1_001, /COMMIT\0/, { before: 2, after: 1 }],
  ] as const) {
    for (const when of ["before", "after"] as const) {
      test(`that is cut just ${when} the server does ${what} writes the epoch once, and goes on`, async () => {
        await database.setup();
        const proxy = await CutProxy.start(server.host, server.port);
        try {
          const place = { ...fixture.database(), host: "127.0.0.1", port: proxy.port, sslmode: "disable" } as const;
          const table = await openPostgresTable(place, SOURCE, "process, pid 1", fixture.surroundings());
          await table.lock();
          await table.claim("me", 1, () => identity(0));
          proxy.sent = "";
          proxy.cutAt(commit, when);
          const first = Array.from({ length: rows }, (_, movie) => row(0, movie + 1, 1));
          await table.apply("me", epochOf(1, first));
          expect(fixture.logged.join("\n")).toContain("connecting again");
          expect(proxy.sent.split("INSERT INTO public.movie_ratings").length - 1).toBe(inserts[when]);
          await table.apply("me", epochOf(2, [row(0, 2, 2)]));
          expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(2), offset: 200, claimant: "me" }]);
          expect(await database.storedRows()).toEqual([first[0], row(0, 2, 2), ...first.slice(2)]);
          // The lock was taken again.
          const second = await database.open(SOURCE, "process, pid 2");
          expect((await failureOf(() => second.lock())).exitCode).toBe(4);
          await table.close();
        } finally {
          proxy.close();
        }
      });
    }
  }

  test("that is lost while two wait for it serves both, with one lock", async () => {
    const table = await database.claimed();
    server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${quoted(fixture.name, "'")}`);
    await Promise.all([table.apply("me", epochOf(1, [row(0, 1, 1)])), table.standings(), table.standings()]);
    await table.apply("me", epochOf(2, [row(0, 2, 2)]));
    expect(await database.storedRows()).toEqual([row(0, 1, 1), row(0, 2, 2)]);
  });

  test("that waits for the checkpoint is not silent for so long that the server would end it", async () => {
    const table = await database.claimed();
    const { promise: logged, resolve } = Promise.withResolvers<void>();
    const rows = Array.from({ length: 2_000 }, (_, movie) => row(0, movie + 1, 1));
    const applied = table.apply("me", epochOf(1, rows), logged);
    const awake = `FROM pg_stat_activity WHERE query = 'SELECT 1' AND state = 'idle in transaction'
      AND datname = ${quoted(fixture.name, "'")}`;
    await waitFor("a sign of life", () => server.sql(`SELECT pid ${awake}`).length > 0);
    resolve();
    await applied;
    expect(await database.storedRows()).toEqual(rows);
    expect(fixture.logged).toEqual([]);
  });

  test("whose table another program locks for longer than a statement may take waits for it", async () => {
    const table = await database.claimed();
    table.beginWork();
    const other = await PostgresSession.connect(fixture.database());
    const waiting = `FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = ${quoted(fixture.name, "'")}`;
    const applied = await other.transaction(async () => {
      await other.query("LOCK TABLE public.movie_ratings IN ACCESS EXCLUSIVE MODE");
      const applying = table.apply("me", epochOf(1, [row(0, 1, 1)]));
      await waitFor("a wait for the lock", () => server.sql(`SELECT pid ${waiting}`).length > 0);
      // As the session's time limits would, much later.
      server.sql(`SELECT pg_cancel_backend(pid) ${waiting}`);
      await waitFor("a word of it", () =>
        fixture.logged.some((line) => line.startsWith("waiting for the table in database ")),
      );
      return { applying };
    });
    await applied.applying;
    await other.end();
    expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
  });

  test("whose table another program locks at a start ends with exit 3", async () => {
    const table = await database.claimed();
    const other = await PostgresSession.connect(fixture.database());
    const waiting = `FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = ${quoted(fixture.name, "'")}`;
    const error = await other.transaction(async () => {
      await other.query("LOCK TABLE public.movie_ratings IN ACCESS EXCLUSIVE MODE");
      const failed = failureOf(() => table.restart("me", [identity(0)]));
      await waitFor("a wait for the lock", () => server.sql(`SELECT pid ${waiting}`).length > 0);
      server.sql(`SELECT pg_cancel_backend(pid) ${waiting}`);
      return await failed;
    });
    await other.end();
    expect([error.exitCode, error.message]).toEqual([3, expect.stringContaining("waited too long")]);
  });

  test("that was lost while another process took the table ends with exit 4, naming it", async () => {
    const table = await database.claimed();
    await table.apply("me", epochOf(1, [row(0, 1, 1)]));
    server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${quoted(fixture.name, "'")}`);
    const second = await database.open(SOURCE, "process, pid 2");
    await second.lock();
    await second.claim("successor", 1, (_, found) => found?.epoch ?? identity(0));
    const error = await failureOf(() => table.apply("me", epochOf(2, [row(0, 1, 2)])));
    expect(error.exitCode).toBe(4);
    expect(error.message).toContain("successor");
    expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
  });
});
