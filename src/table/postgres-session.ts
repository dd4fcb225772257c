/**
 * One session with a PostgreSQL server: connected as libpq's `sslmode` says, under our own time limits, its statements
 * and transactions. Promises that a failed transaction leaves nothing behind, and that a server that cannot be reached
 * is waited for as long as the caller says. What stands in the tables is for the files beside this one.
 */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import setSession from "../../sql/postgres/set-session.sql" with { type: "text" };
import type { Surroundings } from "../command.ts";
import { serviceError, systemErrorCode, usageError } from "../errors.ts";
import type { PostgresUrl } from "../settings/database-url.ts";
import { isDoneWithin } from "../unless-aborted.ts";
import { isUnreachable, reasonOf, sqlState, userErrorOf } from "./postgres-errors.ts";

/** A server that cannot be reached for this long at a start is exit 3. */
export const START_PATIENCE_MS = 30_000;
/** One try to connect: a host that drops packets never answers. */
const CONNECT_MS_MAX = 10_000;
/** Longer than the server's own limit for a statement (`set-session.sql`): then the connection is dead. */
const ANSWER_MS_MAX = 150_000;
/** Removing all rows of a table: a microsecond or two each, and triggers. */
const LONG_STATEMENT_MS_MAX = 4 * 60 * 60 * 1000;
/** In a transaction, where a server's limit is 15 s (`set-session.sql`). */
const SILENCE_MS_MAX = 5_000;
const KEEP_ALIVE_MS = 15_000;
const BACK_OFF_MS_MIN = 50;
const BACK_OFF_MS_MAX = 2_000;

/** Where to connect, and as whom. */
export type PostgresPlace = PostgresUrl & { readonly user: string };

type Columns = Record<string, unknown>;

/** For messages: `database ratings on localhost:5432`. Holds no password. */
export function describePlace({ database, host, port }: PostgresUrl): string {
  return `database ${database} on ${host}:${port}`;
}

export class PostgresSession {
  readonly place: PostgresPlace;
  readonly #client: pg.Client;

  private constructor(place: PostgresPlace, client: pg.Client) {
    this.place = place;
    this.#client = client;
  }

  /** One try. Errors are the driver's own: see `postgres-errors.ts`. */
  static async connect(place: PostgresPlace): Promise<PostgresSession> {
    const client = await connectByMode(place);
    const session = new PostgresSession(place, client);
    try {
      await client.query(setSession);
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  /** Id of the server's process behind this session. */
  async backend(): Promise<number> {
    const [{ pid }] = await this.query("SELECT pg_backend_pid() AS pid");
    return Number(pid);
  }

  async query(statement: string, values: readonly unknown[] = []): Promise<Columns[]> {
    // An empty list would still be sent as a prepared statement, which cannot hold several commands.
    const { rows } = await this.#client.query<Columns>(statement, values.length === 0 ? undefined : [...values]);
    return rows;
  }

  /** Runs a statement that may take as long as a table is large, in a transaction under way. */
  async queryAtLength(text: string): Promise<void> {
    await this.query(`SET LOCAL statement_timeout = ${LONG_STATEMENT_MS_MAX}`);
    // The driver's own limit, which its types do not know.
    const statement = { text, query_timeout: LONG_STATEMENT_MS_MAX + ANSWER_MS_MAX };
    await this.#client.query(statement);
  }

  /** As `query`, for a statement that is run again and again: planned once under `name`. */
  async queryPrepared(name: string, text: string, values: readonly unknown[]): Promise<Columns[]> {
    return (await this.#client.query<Columns>({ name, text, values: [...values] })).rows;
  }

  /** Runs a `COPY … FROM STDIN` with what `chunks` give. */
  async copy(statement: string, chunks: Iterable<Uint8Array>): Promise<void> {
    await pipeline(Readable.from(chunks), this.#client.query(copyFrom(statement)));
  }

  /** Runs `work` in one transaction; whatever it throws undoes it. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    try {
      const result = await work();
      await this.#client.query("COMMIT");
      return result;
    } catch (error) {
      // A lost session undoes it by itself.
      if (!isUnreachable(error)) await this.#client.query("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  /** Waits for `work` in a transaction: a server ends sessions, and with them our lock, that are silent there. */
  async stayAwake(work: Promise<void>): Promise<void> {
    while (!(await isDoneWithin(work, SILENCE_MS_MAX))) await this.query("SELECT 1");
  }

  async end(): Promise<void> {
    await this.#client.end().catch(() => {});
  }
}

/**
 * Connects, and again with back-off while the server cannot be reached, for at most `patienceMs`; what is wrong is
 * logged once. Then the last error comes through, as anything else does at once.
 */
export async function connectPatiently(
  place: PostgresPlace,
  { log, now, signal }: Surroundings,
  patienceMs = START_PATIENCE_MS,
): Promise<PostgresSession> {
  const beganMs = now();
  let said = "";
  for (let backOffMs = BACK_OFF_MS_MIN; ; backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS_MAX)) {
    signal.throwIfAborted();
    try {
      const session = await PostgresSession.connect(place);
      if (said !== "") log.info(`${describePlace(place)} answers again`);
      return session;
    } catch (error) {
      if (!isUnreachable(error) || now() - beganMs >= patienceMs) throw error;
      const reason = reasonOf(error);
      if (reason !== said) log.warn(`waiting for ${describePlace(place)}: ${reason}`);
      said = reason;
    }
    await sleep(backOffMs, undefined, { signal });
  }
}

/** Runs `work`, with PostgreSQL's errors as the user's; anything else comes through as it is. */
export async function translated<T>(place: PostgresPlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw userErrorOf(error, describePlace(place), place.user) ?? error;
  }
}

type Encryption = false | { ca?: string; rejectUnauthorized: boolean; checkServerIdentity?: () => undefined };

/** `allow` and `prefer` try the other way where the server does not take the first. */
async function connectByMode(place: PostgresPlace): Promise<pg.Client> {
  const encrypted = encryption(place);
  switch (place.sslmode) {
    case "disable":
      return connectOnce(place, false);
    case "allow":
      return connectOnce(place, false).catch((error) => {
        if (!isRefusedByRule(error)) throw error;
        return connectOnce(place, encrypted);
      });
    case "prefer":
      return connectOnce(place, encrypted).catch((error) => {
        if (!isRefusedByRule(error) && !isOfEncryption(error)) throw error;
        return connectOnce(place, false);
      });
    default:
      return connectOnce(place, encrypted).catch((error) => {
        if (!isOfEncryption(error)) throw error;
        throw serviceError(
          `no connection to ${describePlace(place)} as sslmode=${place.sslmode} asks for: ${reasonOf(error)}`,
          "let sslrootcert name the certificates to be trusted, or give another sslmode",
          error,
        );
      });
  }
}

async function connectOnce(place: PostgresPlace, ssl: Encryption): Promise<pg.Client> {
  const { host, port, database, user, password } = place;
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    // A function, so that the driver looks neither into PGPASSWORD, which is the administrator's, nor into a file.
    password: () => password ?? "",
    ssl,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
  });
  // A session that is lost while idle is noticed by the next statement.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    void client.end().catch(() => {});
    throw error;
  }
}

/** As libpq has it: `require` with a file of certificates checks as `verify-ca` does. */
function encryption({ sslmode, sslRootCert }: PostgresPlace): Encryption {
  const isChecked = sslmode.startsWith("verify-") || (sslmode === "require" && sslRootCert !== undefined);
  if (!isChecked) return { rejectUnauthorized: false };
  return {
    ...(sslRootCert === undefined ? {} : { ca: readCertificates(sslRootCert) }),
    rejectUnauthorized: true,
    ...(sslmode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(
      `sslrootcert names ${path}, which cannot be read (${systemErrorCode(error) ?? "error"})`,
      "let it name a file of certificates in PEM format",
      error,
    );
  }
}

/** No line of the server's pg_hba.conf lets this user in, encrypted or not as it is. */
function isRefusedByRule(error: unknown): boolean {
  return sqlState(error) === "28000";
}

/** What went wrong between TCP and PostgreSQL: no encryption there, no agreement on one, no trust in a certificate. */
function isOfEncryption(error: unknown): boolean {
  if (sqlState(error) !== undefined || isUnreachable(error) || !(error instanceof Error)) return false;
  return /cert|ssl|tls|self.signed|altname/i.test(`${systemErrorCode(error)} ${error.message}`);
}
