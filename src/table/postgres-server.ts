/**
 * What only the administrator of a PostgreSQL server can do for a run: make user and database, grant rights, and take
 * both away again. Whatever it makes carries a note, as the server's comment on it, so that only that is removed; the
 * note goes with the thing. A database that a killed setup made but had no time to note is kept by cleanup.
 */
import pg from "pg";
import selectMade from "../../sql/postgres/select-made.sql" with { type: "text" };
import selectMayRemove from "../../sql/postgres/select-may-remove.sql" with { type: "text" };
import type { Surroundings } from "../command.ts";
import { serviceError, usageError } from "../errors.ts";
import type { PostgresDatabase } from "../settings/settings.ts";
import type { TableName } from "./contents.ts";
import { isRefusal, reasonOf, sqlState } from "./postgres-errors.ts";
import type { PostgresPlace } from "./postgres-session.ts";
import { connectPatiently, describePlace, type PostgresSession, translated } from "./postgres-session.ts";
import { scramVerifier } from "./scram-verifier.ts";

const NOTE = "made by tidemark setup";
/** Where the administrator connects to: there on every server. */
const MAINTENANCE_DATABASE = "postgres";

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** What stands on the server of that database and user. */
export interface Standing {
  readonly databaseExists: boolean;
  readonly madeDatabase: boolean;
  readonly userExists: boolean;
  readonly madeUser: boolean;
  /** Of the database: `UTF8`. */
  readonly encoding: string;
}

/** Any session of the server can ask this. */
export async function readStanding(session: PostgresSession, database: PostgresDatabase): Promise<Standing> {
  const [row] = await session.query(selectMade, [database.database, database.user]);
  return {
    databaseExists: row.database_exists === true,
    madeDatabase: row.database_note === NOTE,
    userExists: row.role_exists === true,
    madeUser: row.role_note === NOTE,
    encoding: String(row.encoding),
  };
}

export function describeUser({ user, host, port }: PostgresPlace): string {
  return `user ${user} on ${host}:${port}`;
}

/**
 * A session of the administrator's, ended after `work`; in the database `postgres`, or in `databaseName`. `why` says
 * in an error what the administrator is needed for.
 */
export async function asAdministrator<T>(
  database: PostgresDatabase,
  surroundings: Surroundings,
  why: string,
  work: (session: PostgresSession) => Promise<T>,
  databaseName = MAINTENANCE_DATABASE,
): Promise<T> {
  const { user, password } = database.administrator;
  const place: PostgresPlace = { ...database, database: databaseName, user, password };
  return translated(place, async () => {
    const session = await connectPatiently(place, surroundings).catch((error) => {
      if (!isRefusal(error)) throw error;
      throw serviceError(
        `${why}, and the administrator ${user} is refused: ${reasonOf(error)}`,
        "set PGUSER and PGPASSWORD to the administrator's name and password; nothing was changed",
        error,
      );
    });
    try {
      return await work(session);
    } finally {
      await session.end();
    }
  });
}

/** Makes user and database where they are missing. Returns what it made. */
export async function makeUserAndDatabase(session: PostgresSession, database: PostgresDatabase): Promise<string[]> {
  const { user, password, database: databaseName } = database;
  const standing = await readStanding(session, database);
  const made: string[] = [];
  if (!standing.userExists) {
    if (password === undefined) {
      throw usageError(
        `${describeUser(database)} is to be made, but no password is given`,
        "set JDBC_PASSWORD or JDBC_PASSWORD_FILE",
      );
    }
    await session.transaction(async () => {
      await session.query(`CREATE ROLE ${name(user)} LOGIN PASSWORD ${literal(scramVerifier(password))}`);
      await session.query(`COMMENT ON ROLE ${name(user)} IS ${literal(NOTE)}`);
    });
    made.push(describeUser(database));
  }
  if (!standing.databaseExists) {
    // To give a role something, an administrator who is no superuser has to be a member of it.
    const [{ rolsuper }] = await session.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    if (rolsuper !== true) await session.query(`GRANT ${name(user)} TO CURRENT_USER`);
    // The locale C goes with every encoding, whatever the server's own is, and never changes its order.
    await session.query(
      `CREATE DATABASE ${name(databaseName)} OWNER ${name(user)} TEMPLATE template0 ENCODING 'UTF8' ` +
        "LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    await session.query(`COMMENT ON DATABASE ${name(databaseName)} IS ${literal(NOTE)}`);
    made.push(describePlace(database));
  } else {
    await session.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${name(databaseName)} TO ${name(user)}`);
  }
  return made;
}

/** Grants what a run needs in a database that was there before; the session is in that database. */
export async function grantRights(
  session: PostgresSession,
  { user }: PostgresDatabase,
  tables: ReadonlySet<TableName>,
): Promise<void> {
  await session.transaction(async () => {
    await session.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${name(user)}`);
    for (const table of tables) {
      await session.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.${table} TO ${name(user)}`);
    }
  });
}

/** Exit 3 where the administrator may not remove what setup made, which another one may have run. */
export async function checkMayRemove(
  session: PostgresSession,
  database: PostgresDatabase,
  { madeDatabase, databaseExists, madeUser }: Standing,
): Promise<void> {
  const [may] = await session.query(selectMayRemove, [database.database]);
  const refused: string[] = [];
  if (madeDatabase && databaseExists && may.remove_database !== true) refused.push(describePlace(database));
  if (madeUser && may.remove_user !== true) refused.push(describeUser(database));
  if (refused.length === 0) return;
  throw serviceError(
    `the administrator ${session.place.user} may not remove ${refused.join(" and ")}, which setup made`,
    "set PGUSER and PGPASSWORD to the administrator who ran setup, or to a superuser; nothing was changed",
  );
}

/** Takes back what `grantRights` gave to a user that setup made: without that, the user could not be removed. */
export async function revokeRights(
  session: PostgresSession,
  { user, database }: PostgresDatabase,
  tables: ReadonlySet<TableName>,
): Promise<void> {
  await session.transaction(async () => {
    for (const table of tables) await session.query(`REVOKE ALL ON TABLE public.${table} FROM ${name(user)}`);
    await session.query(`REVOKE ALL ON SCHEMA public FROM ${name(user)}`);
    await session.query(`REVOKE ALL ON DATABASE ${name(database)} FROM ${name(user)}`);
  });
}

/** Removes a database that setup made, also while somebody looks into it. */
export async function dropDatabase(session: PostgresSession, { database }: PostgresDatabase): Promise<void> {
  await session.query(`DROP DATABASE ${name(database)} WITH (FORCE)`);
}

/** Removes a user that setup made; false where it stays, as it owns something else by now. */
export async function dropUser(session: PostgresSession, { user }: PostgresDatabase): Promise<boolean> {
  try {
    await session.query(`DROP ROLE ${name(user)}`);
    return true;
  } catch (error) {
    if (sqlState(error) === "2BP01") return false;
    throw error;
  }
}
