/** The PostgreSQL table and its server: who is let in, what setup makes there, what cleanup leaves alone. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, mock, test } from "bun:test";
import type { PostgresDatabase } from "../../src/settings/settings.ts";
import { openPostgresAdmin } from "../../src/table/postgres-admin.ts";
import { openPostgresReader } from "../../src/table/postgres-reader.ts";
import { failureOf } from "../failure.ts";
import { type PostgresServer, quoted } from "../services/postgres.ts";
import { sharedPostgres } from "../services/shared.ts";
import { epochOf, identity, row, SOURCE, TestDatabase } from "./fixture.ts";
import { freshName, PostgresFixture } from "./postgres-fixture.ts";

/** The package may have to be installed first. */
const START_MS_MAX = 300_000;
const TEST_MS = 60_000;

let server: PostgresServer;
beforeAll(async () => {
  server = await sharedPostgres();
}, START_MS_MAX);
afterAll(() => server?.remove());

/** What stands on the server by a name that the test made up. */
const roles = (name: string) => server.sql(`SELECT FROM pg_roles WHERE rolname = ${quoted(name, "'")}`).length;
const databases = (name: string) =>
  server.sql(
    "SELECT pg_encoding_to_char(encoding) AS encoding, pg_get_userbyid(datdba) AS owner FROM pg_database " +
      `WHERE datname = ${quoted(name, "'")}`,
  );

describe("a database that is there", () => {
  let fixture: PostgresFixture;
  let database: TestDatabase;
  beforeEach(() => {
    fixture = new PostgresFixture(server);
    database = new TestDatabase(fixture);
  });
  afterEach(() => database.end());

  const read = (place: PostgresDatabase, now?: () => number) =>
    openPostgresReader(place, fixture.surroundings(now)).newest(1);

  test("refuses a wrong password, and one that is missing, with exit 3; none is shown", async () => {
    await database.setup();
    for (const password of ["Zq7Wrong", ""]) {
      const error = await failureOf(() => read(fixture.database({ JDBC_PASSWORD: password })));
      expect(error.exitCode).toBe(3);
      expect(error.message).toContain(fixture.login.user);
      expect(`${error.message} ${error.hint} ${fixture.logged}`).not.toContain("Zq7Wrong");
    }
  });

  test("is waited for, then exit 3, where its host is unknown or nobody listens", async () => {
    for (const address of ["no-such-host.invalid:5432", "127.0.0.1:1"]) {
      // Each look at this clock is 10 s later.
      let timeMs = 0;
      const place = fixture.database({ JDBC_URL: `postgres://u:Zq7Wrong@${address}/results` });
      const error = await failureOf(() =>
        read(place, () => {
          timeMs += 10_000;
          return timeMs;
        }),
      );
      expect(error.exitCode).toBe(3);
      expect(error.message).toContain(`cannot reach database results on ${address}`);
      expect(fixture.logged.at(-1)).toContain(`waiting for database results on ${address}`);
      expect(`${error.message} ${error.hint} ${fixture.logged}`).not.toContain("Zq7Wrong");
    }
  });

  test("that does not encrypt is used by sslmode prefer and refused by require", async () => {
    await database.used([row(0, 1, 1)]);
    const url = fixture.environment.JDBC_URL;
    for (const mode of ["disable", "allow", "prefer"]) {
      const place = fixture.database({ JDBC_URL: `${url}?sslmode=${mode}` });
      expect(await read(place)).toEqual([row(0, 1, 1)]);
    }
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      const error = await failureOf(() => read(fixture.database({ JDBC_URL: `${url}?sslmode=${mode}` })));
      expect(error.exitCode).toBe(3);
      expect(error.hint).toContain("sslmode");
    }
  });

  test("made by a newer Tidemark is refused", async () => {
    await database.used([row(0, 1, 1)]);
    await fixture.sql("ALTER TABLE tidemark_setup ADD COLUMN what_a_newer_one_adds TEXT");
    await fixture.sql("UPDATE tidemark_setup SET version = 1000");
    const admin = fixture.admin();
    for (const attempt of [() => fixture.open(), () => database.newest(1), admin.setup, admin.cleanup]) {
      const error = await failureOf(attempt);
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("newer Tidemark");
    }
    expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
  });

  test("with a table whose rights are missing ends process with exit 3; setup grants them", async () => {
    const user = quoted(fixture.login.user, '"');
    const table = await database.claimed();
    server.sql(`ALTER TABLE movie_ratings OWNER TO ${quoted(server.administrator.user, '"')}`, fixture.name);
    server.sql(`REVOKE ALL ON movie_ratings FROM ${user}; GRANT SELECT ON movie_ratings TO ${user}`, fixture.name);
    const error = await failureOf(() => table.apply("me", epochOf(1, [row(0, 1, 1)])));
    expect(error.exitCode).toBe(3);
    expect(error.message).toContain("movie_ratings");
    expect(error.hint).toContain("tidemark setup");
    expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(0), offset: 0, claimant: "me" }]);

    expect((await fixture.admin().setup()).join("\n")).toContain("rights of user");
    await table.apply("me", epochOf(1, [row(0, 1, 1)]));
    expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
  });

  test("and its user are still there after cleanup, with all that is not Tidemark's", async () => {
    await fixture.sql("CREATE TABLE notes (text TEXT)");
    await database.used([row(0, 1, 1)]);
    const { removed } = await fixture.admin().cleanup();
    expect(removed.join("\n")).toContain("table movie_ratings");
    expect(await fixture.tables()).toEqual(["notes"]);
    expect(roles(fixture.login.user)).toBe(1);
  });

  test("that cannot hold every title is refused with exit 2", async () => {
    const other = new PostgresFixture(server, false);
    const [user, name] = [quoted(fixture.login.user, '"'), quoted(other.name, '"')];
    server.sql(`CREATE DATABASE ${name} OWNER ${user} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    try {
      const place = { ...fixture.database(), database: other.name };
      const error = await failureOf(() => openPostgresAdmin(place, SOURCE, "setup", fixture.surroundings()).setup());
      expect(error.exitCode).toBe(2);
      expect(error.message).toContain("LATIN1");
    } finally {
      await other.remove();
    }
  });
});

describe("a database that is not there", () => {
  let fixture: PostgresFixture;
  beforeEach(() => {
    fixture = new PostgresFixture(server, false);
  });
  afterEach(() => fixture.remove());

  test(
    "is made by setup with its user, once, and removed by cleanup with it; and again",
    async () => {
      for (let round = 0; round < 2; round++) {
        const made = await fixture.admin().setup();
        expect(made.slice(0, 2)).toEqual([
          `user ${fixture.login.user} on ${server.host}:${server.port}`,
          `database ${fixture.name} on ${server.host}:${server.port}`,
        ]);
        expect(databases(fixture.name)).toEqual([{ encoding: "UTF8", owner: fixture.login.user }]);
        // psql logs in with the password as it was given.
        expect(await fixture.sql("SELECT current_user::text AS me")).toEqual([{ me: fixture.login.user }]);
        expect(await fixture.admin().setup()).toEqual([]);
        const database = new TestDatabase({ ...fixtureParts(fixture), remove: async () => {} });
        await database.used([row(0, 1, round)]);
        expect(await database.storedRows()).toEqual([row(0, 1, round)]);

        const planned = await fixture.admin().inventory();
        expect(await fixture.admin().cleanup()).toEqual({ removed: planned, kept: [] });
        expect([databases(fixture.name), roles(fixture.login.user)]).toEqual([[], 0]);
        expect(await fixture.admin().cleanup()).toEqual({ removed: [], kept: [] });
      }
    },
    TEST_MS,
  );

  test("when setup made it, is left whole by a cleanup whose administrator is refused", async () => {
    await fixture.admin().setup();
    const place = { ...fixture.database(), administrator: { user: "nobody-known", password: "x" } };
    const whenSure = mock(async () => {});
    const cleanup = () => openPostgresAdmin(place, SOURCE, "cleanup", fixture.surroundings()).cleanup(whenSure);
    expect((await failureOf(cleanup)).exitCode).toBe(3);
    expect(whenSure).not.toHaveBeenCalled();
    expect(await fixture.tables()).toContain("movie_ratings");
    await fixture.admin().cleanup();
  });

  test("and was removed by a cleanup that was killed leaves a user, whom the next cleanup removes", async () => {
    await fixture.admin().setup();
    server.sql(`DROP DATABASE ${quoted(fixture.name, '"')}`);
    const user = `user ${fixture.login.user} on ${server.host}:${server.port}`;
    expect(await fixture.admin().inventory()).toEqual([user]);
    expect(await fixture.admin().cleanup()).toEqual({ removed: [user], kept: [] });
    expect(roles(fixture.login.user)).toBe(0);
  });

  test("is made for a user who was there, who then stays", async () => {
    const user = quoted(fixture.login.user, '"');
    server.sql(`CREATE ROLE ${user} LOGIN PASSWORD ${quoted(fixture.login.password, "'")}`);
    expect((await fixture.admin().setup())[0]).toContain("database ");
    await fixture.admin().cleanup();
    expect([databases(fixture.name).length, roles(fixture.login.user)]).toEqual([0, 1]);
  });

  test("is made for a user who was there with another password: exit 3, and the password stays", async () => {
    const user = quoted(fixture.login.user, '"');
    server.sql(`CREATE ROLE ${user} LOGIN PASSWORD 'another'`);
    const error = await failureOf(() => fixture.admin().setup());
    expect(error.exitCode).toBe(3);
    expect(`${error.message} ${error.hint}`).not.toContain("Xq7");
    expect(server.sql("SELECT 1 AS one", "postgres", { user: fixture.login.user, password: "another" })).toHaveLength(
      1,
    );
  });

  test("stays with what somebody has put into it since, and so does its user", async () => {
    await fixture.admin().setup();
    await fixture.sql("CREATE TABLE notes (text TEXT)");
    const { kept } = await fixture.admin().cleanup();
    expect(kept).toEqual([expect.stringMatching(/^database /), expect.stringMatching(/^user /)]);
    expect(await fixture.tables()).toEqual(["notes"]);
  });

  test("and an administrator who is refused are exit 3, and nothing is made or removed", async () => {
    const boss = freshName("boss");
    const refused = { ...fixture.database(), administrator: { user: boss, password: "Zq7Boss" } };
    const admin = openPostgresAdmin(refused, SOURCE, "setup", fixture.surroundings());
    const attempt = async () => {
      const error = await failureOf(() => admin.setup());
      expect(error.exitCode).toBe(3);
      expect(error.hint).toContain("PGPASSWORD");
      expect(`${error.message} ${error.hint}`).not.toContain("Zq7Boss");
    };
    await attempt();
    expect([databases(fixture.name), roles(fixture.login.user)]).toEqual([[], 0]);

    await fixture.admin().setup();
    const nobody = { ...refused, administrator: { user: "nobody", password: undefined } };
    for (const [database, reason] of [
      [refused, "password authentication failed"],
      [nobody, "a password is asked for, and none is given"],
    ] as const) {
      const turnedAway = openPostgresAdmin(database, SOURCE, "cleanup", fixture.surroundings());
      const error = await failureOf(() => turnedAway.cleanup());
      expect(error.exitCode).toBe(3);
      expect(error.message).toContain("setup made database");
      expect(error.message).toContain(`the administrator ${database.administrator.user} is refused: ${reason}`);
    }
    expect((await fixture.tables()).sort()).toEqual(["movie_ratings", "tidemark_setup", "tidemark_shards"]);
  });

  test("is not removed by an administrator who may not: exit 3, and nothing is gone", async () => {
    await fixture.admin().setup();
    const other = { user: freshName("boss"), password: "Zq7Boss" };
    const name = quoted(other.user, '"');
    server.sql(`CREATE ROLE ${name} LOGIN PASSWORD ${quoted(other.password, "'")}`);
    try {
      const place = { ...fixture.database(), administrator: other };
      const whenSure = mock(async () => {});
      const cleanup = () => openPostgresAdmin(place, SOURCE, "cleanup", fixture.surroundings()).cleanup(whenSure);
      const error = await failureOf(cleanup);
      expect(error.exitCode).toBe(3);
      expect(error.message).toContain(`${other.user} may not remove database ${fixture.name}`);
      expect(error.message).toContain(`and user ${fixture.login.user}`);
      expect(whenSure).not.toHaveBeenCalled();
      expect((await fixture.tables()).sort()).toEqual(["movie_ratings", "tidemark_setup", "tidemark_shards"]);
    } finally {
      await fixture.remove();
      server.sql(`DROP ROLE ${name}`);
    }
  });

  test("is made by an administrator who is no superuser, by password", async () => {
    const boss = { user: freshName("boss"), password: "Zq7'Boss" };
    const name = quoted(boss.user, '"');
    server.sql(`CREATE ROLE ${name} LOGIN CREATEDB CREATEROLE PASSWORD ${quoted(boss.password, "'")}`);
    try {
      const place = { ...fixture.database(), administrator: boss };
      const admin = openPostgresAdmin(place, SOURCE, "setup", fixture.surroundings());
      expect(await admin.setup()).toHaveLength(5);
      expect(databases(fixture.name)).toEqual([{ encoding: "UTF8", owner: fixture.login.user }]);
      await admin.cleanup();
      expect([databases(fixture.name), roles(fixture.login.user)]).toEqual([[], 0]);
    } finally {
      await fixture.remove();
      server.sql(`DROP ROLE ${name}`);
    }
  });
});

/** A fixture's methods, bound: for a `TestDatabase` that does not remove it. */
function fixtureParts(fixture: PostgresFixture) {
  return {
    open: fixture.open.bind(fixture),
    reader: fixture.reader.bind(fixture),
    admin: fixture.admin.bind(fixture),
    sql: fixture.sql.bind(fixture),
    tables: fixture.tables.bind(fixture),
    startOther: fixture.startOther.bind(fixture),
  };
}
