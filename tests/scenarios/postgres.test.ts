/**
 * The whole job as a user runs it with PostgreSQL: setup makes database and user, process is killed and started again,
 * every row by psql against the naive oracle, and cleanup leaves nothing; then a server that goes away under a process.
 * `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { PostgresServer, quoted } from "../services/postgres.ts";
import { PostgresFixture } from "../table/postgres-fixture.ts";
import { writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import {
  anomaliesOf,
  differences,
  expectedOf,
  flagsOf,
  foundAnomalies,
  foundRejected,
  type Job,
  newestRows,
  rejectedOf,
  rowsOf,
  totalsOf,
} from "./expectation.ts";
import { saidBesideLog, Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 7);
const SAMPLE_ROWS = 100_000;
/** The package may have to be installed first. */
const START_MS_MAX = 300_000;
const TEST_MS = 120_000;

const work = new Workplace();
const other = new Workplace();
const refused = new Workplace();
let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, START_MS_MAX);
afterAll(async () => {
  work.remove();
  other.remove();
  refused.remove();
  await server?.remove();
});

const JOB: Job = { mode: "A", days: 2, minCount: 2, minMean: 3 };

test(
  "the whole job with PostgreSQL agrees with the oracle",
  async () => {
    console.log(`TEST_SEED=${SEED}`);
    const titles = writeTitles(work, writeAwkwardInput(work, SEED, SAMPLE_ROWS), "latin-1");
    const fixture = new PostgresFixture(server, false);
    const env = fixture.environment;
    const log = [work.succeed("setup --partitions 2", [], env), work.succeed("setup --partitions 2", [], env)];
    expect(log[0].stderr).toContain("made database");
    expect(log[1].stderr).toContain("table movie_ratings in database");
    work.succeed("produce", [], env);

    // Killed in the middle; meanwhile no second process gets in.
    const first = work.start(`process ${flagsOf(JOB)}`, env);
    const count = "SELECT count(*)::integer AS count FROM movie_ratings";
    let rows = 0;
    await first.until("rows in the table", () => {
      rows = Number(server.sql(count, fixture.name, fixture.login)[0].count);
      return rows > 0;
    });
    work.succeed("setup --home other", [], env);
    const second = work.run(`process --once --home other ${flagsOf(JOB)}`, [], env);
    expect(second.code).toBe(4);
    expect(second.stderr).toContain(`in use by tidemark process (pid ${first.pid} `);
    await first.end("SIGKILL");

    const { stderr } = work.succeed(`process --drain ${flagsOf(JOB)}`, [], env);
    const ratings = work.topic();
    const expected = expectedOf(ratings, JOB, titles);
    const found = (await fixture.sql("SELECT * FROM movie_ratings ORDER BY window_start, movie_id::bigint")).map(
      (row) => Object.values(row).join("|"),
    );
    expect(differences(found, rowsOf(expected))).toEqual([]);
    const [anomalies, rejected] = [anomaliesOf(expected), rejectedOf(ratings, expected)];
    for (const partition of ratings.keys()) {
      expect(differences(foundAnomalies(work, ratings.length)[partition], anomalies[partition])).toEqual([]);
      expect(differences(foundRejected(work, ratings.length)[partition], rejected[partition])).toEqual([]);
    }
    for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);

    const shown = work.succeed("consume-jdbc --once --format json --limit 5", [], env).stdout;
    expect(JSON.parse(shown)).toEqual(newestRows(expected, 5));

    const again = work.succeed(`process --rebuild --drain ${flagsOf(JOB)}`, [], env);
    expect(again.stderr).toContain("rebuilding");
    expect(differences(foundAnomalies(work, ratings.length)[0], anomalies[0])).toEqual([]);
    expect(await fixture.sql(count)).toEqual([{ count: found.length }]);

    const removed = work.succeed("cleanup --yes", [], env).stderr;
    expect(removed).toContain("removed database");
    expect(removed).toContain("removed user");
    const left = server.sql(`SELECT FROM pg_database WHERE datname = ${quoted(fixture.name, "'")}`);
    expect(left).toEqual([]);
    expect(work.contents()).toEqual({});
    // No output held a password.
    for (const text of [log[0].stderr, log[1].stderr, first.stderr, second.stderr, stderr, again.stderr, removed]) {
      expect(text).not.toContain(fixture.login.password);
    }
  },
  TEST_MS,
);

test(
  "cleanup and setup --drop that are refused leave all as it was, the checkpoint too",
  async () => {
    const fixture = new PostgresFixture(server, false);
    const env = fixture.environment;
    refused.write("data/movie_titles.csv", "1,2001,One\n");
    refused.write("data/ratings/1.csv", "2002-09-20,1,7,3\n");
    refused.succeed("setup", [], env);
    refused.succeed("produce", [], env);
    refused.succeed("process --once", [], env);
    const rows = () => server.sql("SELECT * FROM movie_ratings", fixture.name, fixture.login);
    const all = () => ({ rows: rows(), files: refused.contents() });
    const before = all();
    expect(before.rows).toHaveLength(1);

    function expectRefused(code: number, message: string, more: Record<string, string> = {}): void {
      for (const command of ["cleanup --yes", "setup --drop --yes"]) {
        const outcome = refused.run(command, [], { ...env, ...more });
        const [said, advice, ...rest] = saidBesideLog(outcome);
        expect({ code: outcome.code, said, advice, rest }).toEqual({
          code,
          said: expect.stringContaining(message),
          advice: expect.stringContaining("nothing was changed"),
          rest: [""],
        });
        expect(outcome.stderr).not.toContain("info  removed");
        expect(all()).toEqual(before);
      }
    }

    const login = { PGUSER: fixture.login.user, PGPASSWORD: "bad" };
    expectRefused(3, `the administrator ${fixture.login.user} is refused`, login);
    expectRefused(3, "the administrator nobody is refused", { PGUSER: "nobody", PGPASSWORD: "" });

    server.sql("CREATE VIEW v AS SELECT * FROM public.movie_ratings", fixture.name, fixture.login);
    expectRefused(4, "view public.v depends on table public.movie_ratings");
    server.sql("DROP VIEW v", fixture.name, fixture.login);

    cpSync(refused.path("tidemark-data"), refused.path("copy"), { recursive: true });
    const living = refused.start("process --home copy", env);
    refused.write("data/ratings/1.csv", "2002-09-20,1,8,3\n");
    refused.succeed("produce --home copy", [], env);
    await living.until("both ratings in the table", () => rows()[0].rating_count === 2);
    before.rows = rows();
    expectRefused(4, `is in use by tidemark process (pid ${living.pid} `);
    expect((await living.end("SIGTERM")).code).toBe(0);

    refused.succeed("process --once --home copy", [], env);
    refused.succeed("cleanup --yes", [], env);
    expect(refused.contents()).toEqual({});
  },
  TEST_MS,
);

// A server that is not the tests' own is not stopped.
test.skipIf(process.env.TEST_POSTGRES !== undefined)(
  "process ends on SIGTERM while the server is away, and the next start brings what the table lacks",
  async () => {
    const fixture = new PostgresFixture(server, false);
    const env = fixture.environment;
    other.write("data/movie_titles.csv", "1,2001,One\n2,2002,Two\n");
    other.write("data/ratings/1.csv", "2002-09-20,1,7,3\n");
    other.succeed("setup", [], env);
    other.succeed("produce", [], env);
    const first = other.start("process", env);
    const rows = () =>
      server.sql("SELECT movie_id, rating_count FROM movie_ratings ORDER BY movie_id", fixture.name, fixture.login);
    await first.until("a row in the table", () => rows().length === 1);

    await server.stop();
    other.write("data/ratings/1.csv", "2002-09-20,2,7,3\n2002-09-20,1,8,3\n");
    other.succeed("produce", [], env);
    await first.until("the server being missed", () => first.stderr.includes("waiting for database"));
    const { code, stderr } = await first.end("SIGTERM");
    expect(code).toBe(0);
    expect(stderr).toContain("lost database");

    // Waited for: it is started while the next process already asks for it.
    const second = other.start("process --once", env);
    await second.until("the server being missed", () => second.stderr.includes("waiting for database"));
    await server.startAgain();
    expect((await second.outcome()).code).toBe(0);
    expect(rows()).toEqual([
      { movie_id: "1", rating_count: 2 },
      { movie_id: "2", rating_count: 1 },
    ]);
    other.succeed("cleanup --yes", [], env);
  },
  TEST_MS,
);
