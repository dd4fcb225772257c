/**
 * A database on a test server with a user of its own, both made by hand: so they were there before setup. The user's
 * name, the password and the database's name hold what has to be quoted.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Surroundings } from "../../src/command.ts";
import type { RatingsSource } from "../../src/epoch.ts";
import { type PostgresDatabase, readSettings } from "../../src/settings/settings.ts";
import { openPostgresTable } from "../../src/table/postgres.ts";
import { openPostgresAdmin } from "../../src/table/postgres-admin.ts";
import { openPostgresReader } from "../../src/table/postgres-reader.ts";
import type { Log } from "../../src/terminal/log.ts";
import { type Login, type PostgresServer, quoted } from "../services/postgres.ts";
import { SOURCE, type TableFixture } from "./fixture.ts";

const OTHER_PROCESS = join(import.meta.dirname, "other-process.ts");

/** A fresh name, `what` with what must be quoted behind it. */
export function freshName(what: string): string {
  return `${what} "${randomBytes(6).toString("hex")}"'%`;
}

export class PostgresFixture implements TableFixture {
  readonly server: PostgresServer;
  readonly name = freshName("results");
  readonly login: Login = { user: freshName("user"), password: `Xq7'"\\ %ż${randomBytes(4).toString("hex")}` };
  /** What was logged, a line each. */
  readonly logged: string[] = [];

  constructor(server: PostgresServer, isMade = true) {
    this.server = server;
    if (!isMade) return;
    const user = quoted(this.login.user, '"');
    server.sql(`CREATE ROLE ${user} LOGIN PASSWORD ${quoted(this.login.password, "'")}`);
    server.sql(`CREATE DATABASE ${quoted(this.name, '"')} OWNER ${user} TEMPLATE template0 ENCODING 'UTF8'`);
  }

  /** As the settings give it; `more` wins over what the fixture's own variables say. */
  database(more: Record<string, string> = {}): PostgresDatabase {
    const { database } = readSettings("setup", [], { ...this.environment, ...more });
    if (database.kind !== "postgres") throw new Error("no PostgreSQL database");
    return database;
  }

  /** For a command. */
  get environment(): Record<string, string> {
    const { administrator } = this.server;
    return {
      JDBC_URL: this.server.url(this.name, this.login),
      JDBC_PASSWORD: this.login.password,
      PGUSER: administrator.user,
      ...(administrator.password === "" ? {} : { PGPASSWORD: administrator.password }),
    };
  }

  /** `now` is the clock by which a server that cannot be reached is given up. */
  surroundings(now: () => number = Date.now): Surroundings {
    const note = (message: string) => void this.logged.push(message);
    const log: Log = { error: note, warn: note, info: note, debug: note };
    return { log, now, signal: new AbortController().signal };
  }

  open(source = SOURCE, holder = "process, pid 1") {
    return openPostgresTable(this.database(), source, holder, this.surroundings());
  }

  reader() {
    return openPostgresReader(this.database(), this.surroundings());
  }

  admin(source: RatingsSource = SOURCE, holder = "cleanup, pid 2") {
    return openPostgresAdmin(this.database(), source, holder, this.surroundings());
  }

  async sql(statement: string): Promise<Record<string, unknown>[]> {
    return this.server.sql(statement, this.name, this.login);
  }

  async tables(): Promise<string[]> {
    const rows = await this.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    return rows.map(({ tablename }) => String(tablename));
  }

  startOther() {
    const { JDBC_URL, ...environment } = this.environment;
    const env = { PATH: process.env.PATH ?? "", ...environment };
    return spawn(process.execPath, [OTHER_PROCESS, JDBC_URL], { stdio: ["ignore", "pipe", "inherit"], env });
  }

  async remove(): Promise<void> {
    this.server.sql(`DROP DATABASE IF EXISTS ${quoted(this.name, '"')} WITH (FORCE)`);
    this.server.sql(`DROP ROLE IF EXISTS ${quoted(this.login.user, '"')}`);
  }
}
