/** The SQLite table: the contract, and what can befall a file. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../src/errors.ts";
import { openSqliteTable } from "../../src/table/sqlite.ts";
import { openSqliteAdmin } from "../../src/table/sqlite-admin.ts";
import { openSqliteReader } from "../../src/table/sqlite-reader.ts";
import { failureOf } from "../failure.ts";
import { tableContract } from "./contract.ts";
import { epochOf, identity, neverDone, OtherProcess, row, SOURCE, type TableFixture, TestDatabase } from "./fixture.ts";

const OTHER_PROCESS = join(import.meta.dir, "other-process.ts");
const PROCESS_TEST_MS = 60_000;

class SqliteFixture implements TableFixture {
  readonly folder = mkdtempSync(join(tmpdir(), "tidemark-table-"));
  readonly path = join(this.folder, "results.db");
  /** Rows from which on the table's thread writes an epoch; undefined: as `process` has it. */
  readonly #threadRowsMin: number | undefined;

  constructor(threadRowsMin?: number) {
    this.#threadRowsMin = threadRowsMin;
  }

  open = (source = SOURCE, holder = "process, pid 1") =>
    openSqliteTable(this.path, source, holder, this.#threadRowsMin);
  reader = () => openSqliteReader(this.path);
  admin = (source = SOURCE, holder = "cleanup, pid 2") => openSqliteAdmin(this.path, source, holder);
  startOther = () => {
    const thread = this.#threadRowsMin === undefined ? [] : ["thread"];
    const command = [OTHER_PROCESS, `jdbc:sqlite:${this.path}`, ...thread];
    return spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  };

  async sql(statement: string): Promise<Record<string, unknown>[]> {
    const database = new DatabaseSync(this.path);
    try {
      return database.prepare(statement).all();
    } finally {
      database.close();
    }
  }

  async tables(): Promise<string[]> {
    if (!existsSync(this.path)) return [];
    return (await this.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")).map(({ name }) => String(name));
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true });
  }
}

tableContract("SQLite", async () => new SqliteFixture());
tableContract("SQLite, its thread writing every epoch,", async () => new SqliteFixture(0));

let fixture: SqliteFixture;
let database: TestDatabase;
beforeEach(() => {
  fixture = new SqliteFixture();
  database = new TestDatabase(fixture);
});
afterEach(() => database.end());

describe("a SQLite file", () => {
  const everyUse: [string, () => unknown][] = [
    ["process", () => fixture.open()],
    ["consume-jdbc", () => fixture.reader().newest(1)],
    ["setup", () => fixture.admin().setup()],
    ["cleanup", () => fixture.admin().cleanup()],
  ];

  test("holds the table of the contract, column by column", async () => {
    await database.setup();
    const columns = await fixture.sql("PRAGMA table_info(movie_ratings)");
    expect(columns.map(({ name, type, pk }) => [name, type, pk])).toEqual([
      ["window_start", "BIGINT", 1],
      ["movie_id", "VARCHAR(32)", 2],
      ["title", "VARCHAR(128)", 0],
      ["rating_count", "INTEGER", 0],
      ["rating_sum", "INTEGER", 0],
      ["unique_rating_count", "INTEGER", 0],
    ]);
    const others = (await fixture.tables()).filter((name) => name !== "movie_ratings");
    expect(others.length).toBeGreaterThan(0);
    for (const name of others) expect(name).toStartWith("tidemark_");
  });

  describe("that is none", () => {
    for (const [use, attempt] of everyUse) {
      test(`is refused by ${use}, and kept byte for byte`, async () => {
        writeFileSync(fixture.path, "date,film_id,user_id,rate\n".repeat(200));
        const before = readFileSync(fixture.path);
        const error = await failureOf(attempt);
        expect(error.exitCode).toBe(4);
        expect(error.message).toContain("results.db is not a SQLite database");
        expect(readFileSync(fixture.path)).toEqual(before);
      });
    }
  });

  describe("made by a newer Tidemark", () => {
    for (const [use, attempt] of everyUse) {
      test(`is refused by ${use}`, async () => {
        await database.used([row(0, 1, 1)]);
        await fixture.sql("ALTER TABLE tidemark_setup ADD COLUMN what_a_newer_one_adds TEXT");
        await fixture.sql("UPDATE tidemark_setup SET version = 1000");
        const error = await failureOf(attempt);
        expect(error.exitCode).toBe(4);
        expect(error.message).toContain("newer Tidemark");
        expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
      });
    }
  });

  test("whose rows somebody refers to is kept by cleanup, with all else", async () => {
    await database.used([row(0, 1, 1)]);
    await fixture.sql("CREATE TABLE notes (w, m, FOREIGN KEY (w, m) REFERENCES movie_ratings)");
    await fixture.sql("INSERT INTO notes VALUES (0, '1')");
    const error = await failureOf(() => fixture.admin().cleanup(neverDone));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("FOREIGN KEY constraint failed")]);
    expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
  });

  test("in a folder that is not there is refused with what to do", async () => {
    const admin = openSqliteAdmin(join(fixture.folder, "missing", "results.db"), SOURCE, "setup");
    const error = await failureOf(() => admin.setup());
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(join("missing", "results.db"));
    expect(error.hint).toContain("folder");
  });

  test("is locked under whatever name it is opened", async () => {
    await database.claimed();
    const link = join(fixture.folder, "link.db");
    symlinkSync(fixture.path, link);
    const second = openSqliteTable(link, SOURCE, "process, pid 2");
    expect((await failureOf(() => second.lock())).exitCode).toBe(4);
    await second.close();
  });

  test("that cleanup removed meanwhile is not written to", async () => {
    await database.setup();
    const table = await database.open();
    await fixture.admin().cleanup();
    expect((await failureOf(() => table.lock())).exitCode).toBe(2);
  });

  describe("after cleanup", () => {
    test("is gone, with all that lay beside it, when setup made it, also while somebody looks into it", async () => {
      await database.used([row(0, 1, 1)]);
      const spectator = new DatabaseSync(fixture.path);
      try {
        expect(spectator.prepare("SELECT * FROM movie_ratings").all()).toHaveLength(1);
        await fixture.admin().cleanup();
        expect(readdirSync(fixture.folder)).toEqual([]);
      } finally {
        spectator.close();
      }
    });

    test("is gone also when setup was killed before it had written anything", async () => {
      writeFileSync(fixture.path, "");
      await database.setup();
      await fixture.admin().cleanup();
      expect(readdirSync(fixture.folder)).toEqual([]);
    });

    test("stays when it was there before setup", async () => {
      await fixture.sql("CREATE TABLE notes (text)");
      await fixture.sql("INSERT INTO notes VALUES ('mine')");
      await database.used([row(0, 1, 1)]);
      await fixture.admin().cleanup();
      expect(await fixture.tables()).toEqual(["notes"]);
      expect(await fixture.sql("SELECT text FROM notes")).toEqual([{ text: "mine" }]);
      expect(readdirSync(fixture.folder)).toEqual(["results.db"]);
    });

    test("stays when somebody has put something into it since", async () => {
      await database.used([row(0, 1, 1)]);
      await fixture.sql("CREATE TABLE notes (text)");
      expect((await fixture.admin().cleanup()).kept.join("\n")).toContain("database file");
      expect(await fixture.tables()).toEqual(["notes"]);
    });

    test("stays with a result table that somebody has added a column to since", async () => {
      await database.used([row(0, 1, 1)]);
      await fixture.sql("ALTER TABLE movie_ratings ADD COLUMN note TEXT");
      expect((await fixture.admin().cleanup()).kept.join("\n")).toContain("table movie_ratings");
      expect(await fixture.tables()).toEqual(["movie_ratings"]);
      expect(await database.storedRows()).toEqual([row(0, 1, 1)]);
    });
  });
});

describe.each([
  { where: "on the thread of all else", threadRowsMin: undefined, word: "" },
  { where: "on a thread of its own", threadRowsMin: 0, word: "thread" },
])("a SQLite file written $where", ({ threadRowsMin, word }) => {
  beforeEach(async () => {
    await database.end();
    fixture = new SqliteFixture(threadRowsMin);
    database = new TestDatabase(fixture);
  });

  test("that is damaged ends process and consume-jdbc with exit 4", async () => {
    await database.used([row(0, 1, 1)]);
    const [{ rootpage }] = await fixture.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'movie_ratings'");
    const [{ page_size: pageSize }] = await fixture.sql("PRAGMA page_size");
    const file = openSync(fixture.path, "r+");
    const page = Buffer.alloc(Number(pageSize), 0xff);
    writeSync(file, page, 0, page.length, (Number(rootpage) - 1) * page.length);
    closeSync(file);

    const table = await database.open();
    await table.lock();
    await table.claim("me", 1, () => identity(0));
    for (const attempt of [() => table.apply("me", epochOf(2, [row(0, 1, 2)])), () => fixture.reader().newest(1)]) {
      const error = await failureOf(attempt);
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain("damaged");
    }
    const [shard] = await table.standings();
    expect(shard.epoch).toEqual(identity(1));
  });

  test(
    "that can grow no more ends process with exit 3, at a whole epoch that the next process goes on from",
    async () => {
      await database.setup();
      // A limit of 512 blocks, whichever size the shell gives a block; the signal ignored, as a full disk has none.
      const other = `'${process.execPath}' '${OTHER_PROCESS}' 'jdbc:sqlite:${fixture.path}' ${word}`;
      const command = `trap '' XFSZ; ulimit -f 512; exec ${other}`;
      const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
      const lines = await new OtherProcess(child).rest();
      expect(lines.at(-1)).toStartWith("exit 3: cannot write the database");
      const applied = Number(lines.at(-2));
      expect(applied).toBeGreaterThan(0);

      const table = await database.open();
      await table.lock();
      const [shard] = await table.standings();
      expect(shard.epoch.number).toBe(applied);
      const counts = (await database.storedRows()).map(({ ratingCount }) => ratingCount);
      expect(counts).toEqual(Array(500).fill(applied));
      await table.claim("me", 1, () => shard.epoch);
      await table.apply("me", epochOf(applied + 1, []));
    },
    PROCESS_TEST_MS,
  );

  test("with an index that somebody added ends process with exit 4 where that refuses a row", async () => {
    const table = await database.claimed();
    await fixture.sql("CREATE UNIQUE INDEX one ON movie_ratings (rating_count)");
    const error = await failureOf(() => table.apply("me", epochOf(1, [row(0, 1, 1), row(0, 2, 1)])));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("movie_ratings.rating_count")]);
    expect(await table.standings()).toEqual([{ partition: 0, epoch: identity(0), offset: 0, claimant: "me" }]);
  });

  test("ends process as a bug, with its stack, at an error that nobody has foreseen", async () => {
    const table = await database.claimed();
    await fixture.sql("CREATE TRIGGER no BEFORE INSERT ON movie_ratings BEGIN SELECT RAISE(ABORT, 'never seen'); END");
    const error = await table.apply("me", epochOf(1, [row(0, 1, 1)])).catch((error) => error);
    expect(error).not.toBeInstanceOf(UserError);
    expect([error.message, error.stack]).toEqual(["never seen", expect.stringContaining("sqlite-writer")]);
    await table.close();
    expect(await database.storedRows()).toEqual([]);
  });
});
