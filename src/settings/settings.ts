/**
 * The settings of one run: from flags, then variables, then defaults; checked, typed, frozen. A variable that is
 * empty counts as not set; a setting that the command does not take keeps its default, whatever the environment says.
 * Messages name the flag and the variable, and never hold a secret. Nothing but `args` and `env` decides: no file is
 * read except the secrets that a `*_FILE` variable names.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode, usageError } from "../errors.ts";
import { readCommandLine } from "./command-line.ts";
import { holdsPassword, type PostgresUrl, parseDatabaseUrl, type SqliteUrl } from "./database-url.ts";
import { PLACE_SETTINGS } from "./places.ts";
import type { CommandName, Setting } from "./row.ts";
import { chooseSecurity, type KafkaSecurity, NO_SECURITY, SECURITY_SETTINGS } from "./security.ts";
import { INVALID } from "./values.ts";
import { WORK_SETTINGS } from "./work.ts";

const SETTINGS = { ...WORK_SETTINGS, ...PLACE_SETTINGS, ...SECURITY_SETTINGS };

/** The values as given, before those of the database are combined into one, and those of security into another. */
type Given = { [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never };

export interface PostgresDatabase extends PostgresUrl {
  readonly user: string;
  /** Creates and removes user and database; connects to the database `postgres`. */
  readonly administrator: { readonly user: string; readonly password: string | undefined };
}

export type Database = SqliteUrl | PostgresDatabase;

/** Where a value came from; undefined when it is the default. */
type Sources = Partial<Record<keyof Given, string>>;

type DatabasePart = Extract<keyof Given, `database${string}` | `administrator${string}`>;

export type Settings = Readonly<
  Omit<Given, DatabasePart | keyof typeof SECURITY_SETTINGS | "checkpoints"> & {
    readonly database: Database;
    readonly security: KafkaSecurity;
    readonly checkpoints: string;
  }
>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that a command takes, in the table's order. */
export function settingsOf(command: CommandName): Setting[] {
  return Object.values<Setting>(SETTINGS).filter((row) => row.commands.includes(command));
}

/** Reads `args`, what follows the command's name, and `env`. Anything wrong is exit 2. */
export function readSettings(command: CommandName, args: readonly string[], env: Environment): Settings {
  const typed = readCommandLine(command, args, Object.values(SETTINGS));
  const values: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const [name, row] of Object.entries<Setting>(SETTINGS)) {
    const taken = row.commands.includes(command);
    const fromFlag = row.flag === undefined ? undefined : typed.get(row.flag);
    const fromVariable = taken && fromFlag === undefined ? readVariable(row, env) : undefined;
    if (fromFlag !== undefined) sources[name] = `--${row.flag}`;
    if (fromVariable !== undefined) sources[name] = row.variable;
    const text = fromFlag ?? fromVariable ?? row.default;
    values[name] = text === undefined ? undefined : readValue(row, text, sources[name]);
  }
  const given = values as Given;
  checkTogether(given, sources);
  checkTopics(command, given);
  const {
    databaseUrl,
    databaseUser,
    databasePassword,
    databaseName,
    administratorUser,
    administratorPassword,
    securityProtocol,
    saslMechanism,
    saslUsername,
    saslPassword,
    sslCaFile,
    sslCertificateFile,
    sslKeyFile,
    sslKeyPassword,
    ...rest
  } = given;
  const database = chooseDatabase(given, sources);
  const security = given.brokers === undefined ? NO_SECURITY : chooseSecurity(given, sources.securityProtocol);
  const checkpoints = given.checkpoints ?? join(given.home, "checkpoints");
  return Object.freeze({ ...rest, database, security, checkpoints });
}

function readVariable(row: Setting, env: Environment): string | undefined {
  const value = env[row.variable] || undefined;
  const fileVariable = `${row.variable}_FILE`;
  const file = row.secret ? env[fileVariable] || undefined : undefined;
  if (file === undefined) return value;
  if (value !== undefined) {
    throw usageError(`${row.variable} and ${fileVariable} are both set`, "set one of them");
  }
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "") || undefined;
  } catch (error) {
    throw usageError(
      `${fileVariable} names ${file}, which cannot be read (${systemErrorCode(error) ?? "error"})`,
      "let it name a file that holds the secret and that this user may read",
      error,
    );
  }
}

function readValue(row: Setting, text: string, source: string | undefined): unknown {
  const value = row.kind.read(text);
  if (value !== INVALID) return value;
  const problem = `${source ?? "the default"} is ${JSON.stringify(text)}, but must be ${row.kind.expected}`;
  if (source === row.variable)
    throw usageError(problem, `correct the variable, or give --${row.flag}, which overrides it`);
  throw usageError(problem, `correct the flag; the variable ${row.variable} takes the same values`);
}

/** What must hold between settings. */
function checkTogether(given: Given, sources: Sources): void {
  if (given.once && given.drain) {
    throw usageError(
      `${sources.once} and ${sources.drain} are both given`,
      "give --drain (TIDEMARK_DRAIN) to close the open windows too, --once (TIDEMARK_ONCE) to keep them; " +
        "--once=false takes back a variable",
    );
  }
  if (given.compression !== "none" && given.brokers === undefined) {
    throw usageError(
      `${sources.compression} is ${given.compression}, but embedded topics are not compressed`,
      "leave --compression (KAFKA_COMPRESSION) out, or send to brokers with --brokers (KAFKA_BOOTSTRAP_SERVERS)",
    );
  }
}

/** The topics must differ. Those that the command does not take are not checked: their names are defaults. */
function checkTopics(command: CommandName, given: Given): void {
  const names = (["topic", "anomalyTopic", "rejectedTopic"] as const).filter((name) =>
    SETTINGS[name].commands.includes(command),
  );
  const described = ({ flag, variable }: Setting) => `--${flag} (${variable})`;
  for (const [index, name] of names.entries()) {
    const twin = names.slice(0, index).find((other) => given[other] === given[name]);
    if (twin === undefined) continue;
    throw usageError(
      `${described(SETTINGS[twin])} and ${described(SETTINGS[name])} name the same topic, ${given[name]}`,
      "give each a topic of its own",
    );
  }
}

function chooseDatabase(given: Given, sources: Sources): Database {
  const source = sources.databaseUrl ?? "";
  if (given.databaseUrl === undefined) return { kind: "sqlite", path: join(given.home, "tidemark.db") };
  const url = parseDatabaseUrl(given.databaseUrl, source);
  if (url.kind === "sqlite") return url;
  if (source.startsWith("--") && holdsPassword(url)) {
    throw usageError(
      "the URL given with --database holds a password, and a command line is seen by all on the machine",
      "take it out and set JDBC_PASSWORD or JDBC_PASSWORD_FILE, or put the whole URL into the variable JDBC_URL",
    );
  }
  if (given.databaseName !== undefined && given.databaseName !== url.database) {
    throw usageError(
      `JDBC_DATABASE is ${JSON.stringify(given.databaseName)}, but ${source} names another database`,
      "let both name the same database, or unset JDBC_DATABASE",
    );
  }
  const user = given.databaseUser ?? url.user;
  if (user === undefined) {
    throw usageError(`no user is given for the database in ${source}`, "set JDBC_USERNAME or give --database-user");
  }
  const administrator = { user: given.administratorUser, password: given.administratorPassword };
  return { ...url, user, password: given.databasePassword ?? url.password, administrator };
}
