/** A table of results that others changed, in PostgreSQL: said plainly, and nothing is removed or half written. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, mock, setDefaultTimeout, test } from "bun:test";
import { failureOf } from "../failure.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedPostgres } from "../services/shared.ts";
import { epochOf, identity, row, TestDatabase } from "./fixture.ts";
import { PostgresFixture } from "./postgres-fixture.ts";

/** The package may have to be installed first. */
setDefaultTimeout(300_000);
const RAISING_TRIGGER = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more ratings'; END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON movie_ratings FOR EACH ROW EXECUTE FUNCTION refuse()`;
const UNIQUE_INDEX = `
  INSERT INTO movie_ratings VALUES (1, '9', 'T', 1, 1, 1);
  CREATE UNIQUE INDEX one ON movie_ratings (rating_count)`;

let server: PostgresServer;
let fixture: PostgresFixture;
let database: TestDatabase;
beforeAll(async () => {
  server = await sharedPostgres();
});
afterAll(() => server?.remove());
beforeEach(() => {
  fixture = new PostgresFixture(server);
  database = new TestDatabase(fixture);
});
afterEach(() => database.end());

test("a database of which a view depends on the results keeps them, and all else, at a cleanup", async () => {
  await database.used([row(0, 1, 1)]);
  await fixture.sql("CREATE VIEW newest AS SELECT * FROM public.movie_ratings");
  const whenSure = mock(async () => {});
  const error = await failureOf(() => fixture.admin().cleanup(whenSure));
  expect(error.exitCode).toBe(4);
  expect(error.message).toContain("view public.newest depends on table public.movie_ratings");
  expect(whenSure).not.toHaveBeenCalled();
  expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
});

test("a rebuild may take longer than a statement may: it removes all rows, however many there are", async () => {
  const table = await database.claimed();
  // What time there is, without the time it takes.
  await fixture.sql(`
    CREATE FUNCTION hurried() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('statement_timeout')::interval < '1 hour' THEN RAISE 'no time for a large table'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER hurried BEFORE DELETE ON movie_ratings EXECUTE FUNCTION hurried()`);
  await table.apply("me", epochOf(1, [row(0, 1, 1)]));
  await table.restart("me", [identity(0, "run-2")]);
  expect(await database.storedRows()).toEqual([]);
});

test("rows to which somebody refers, by a key that is checked at the end only, stay at a cleanup", async () => {
  await database.used([row(0, 1, 1)]);
  // As if the table had been there before setup: it is emptied, and stays.
  await fixture.sql("UPDATE tidemark_setup SET made_movie_ratings = false");
  const key = "FOREIGN KEY (w, m) REFERENCES movie_ratings DEFERRABLE INITIALLY DEFERRED";
  await fixture.sql(`CREATE TABLE notes (w BIGINT, m VARCHAR(32), ${key})`);
  await fixture.sql("INSERT INTO notes VALUES (0, '1')");
  const whenSure = mock(async () => {});
  const error = await failureOf(() => fixture.admin().cleanup(whenSure));
  expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("notes")]);
  expect(whenSure).not.toHaveBeenCalled();
  expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
});

test.each([
  ["a trigger that raises", RAISING_TRIGGER, "no more ratings"],
  ["a constraint", "ALTER TABLE movie_ratings ADD CONSTRAINT small CHECK (rating_count < 1)", '"small"'],
  ["an index", UNIQUE_INDEX, '"one"'],
  ["a column of another type", "ALTER TABLE movie_ratings ALTER rating_count TYPE boolean USING true", "type boolean"],
  ["another key", "ALTER TABLE movie_ratings DROP CONSTRAINT movie_ratings_pkey", "ON CONFLICT"],
])("a table that got %s is exit 4, and says so", async (_, statement, word) => {
  const table = await database.claimed();
  await fixture.sql(statement);
  const error = await failureOf(() => table.apply("me", epochOf(1, [row(0, 1, 1)])));
  expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining(word)]);
  expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(0), offset: 0, claimant: "me" }]);
});
