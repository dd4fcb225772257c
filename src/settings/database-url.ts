/**
 * A database's address, read from a URL: `jdbc:postgresql://`, `postgresql://`, `postgres://` or `jdbc:sqlite:PATH`.
 * User, password, name and parameters are percent-decoded. Messages quote nothing of a URL that could be part of a
 * password written into it without escapes. Leaves alone whether URL or variables win, and connecting.
 */
import { usageError } from "../errors.ts";

export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface SqliteUrl {
  readonly kind: "sqlite";
  readonly path: string;
}

export interface PostgresUrl {
  readonly kind: "postgres";
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly sslmode: SslMode;
  /** File of certificates that `verify-ca` and `verify-full` trust; undefined: the system's. */
  readonly sslRootCert: string | undefined;
}

const HOST = "localhost";
const PORT = 5432;
const PORT_MAX = 65_535;

const POSTGRES_SCHEME = /^(?:jdbc:postgresql|postgresql|postgres):\/\//i;
const SQLITE_SCHEME = /^jdbc:sqlite:/i;
const HINT = "write it as jdbc:postgresql://host:port/name, postgres://host:port/name or jdbc:sqlite:PATH";
const ESCAPES_HINT = "write / ? # @ : & and % in a user, password or name as %2F %3F %23 %40 %3A %26 and %25";

/** Reads `url`; `source` is the flag or variable that it came from, for messages. Anything wrong is exit 2. */
export function parseDatabaseUrl(url: string, source: string): SqliteUrl | PostgresUrl {
  if (SQLITE_SCHEME.test(url)) return parseSqlite(url.replace(SQLITE_SCHEME, ""), source);
  if (POSTGRES_SCHEME.test(url)) return parsePostgres(url.replace(POSTGRES_SCHEME, ""), source);
  throw usageError(`${source} is no address of a PostgreSQL or SQLite database`, HINT);
}

/** Whether the URL holds a password, which a command line must not. */
export function holdsPassword(url: SqliteUrl | PostgresUrl): boolean {
  return url.kind === "postgres" && url.password !== undefined;
}

function parseSqlite(path: string, source: string): SqliteUrl {
  if (path === "" || path === ":memory:" || path.startsWith("file:") || path.includes("\0")) {
    throw usageError(
      `${source} names no file of a SQLite database`,
      "write the plain path: jdbc:sqlite:results/tidemark.db",
    );
  }
  return { kind: "sqlite", path };
}

function parsePostgres(rest: string, source: string): PostgresUrl {
  const parts = /^(?<authority>[^/?#]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/.exec(rest)?.groups;
  if (parts === undefined) throw usageError(`${source} has a # that belongs to no part of it`, ESCAPES_HINT);
  const authority = parts.authority ?? "";
  const at = authority.lastIndexOf("@");
  const credentials = at === -1 ? "" : authority.slice(0, at);
  const colon = credentials.indexOf(":");
  const parameters = readParameters(parts.query ?? "", source);
  const inAuthority = {
    user: colon === -1 ? credentials : credentials.slice(0, colon),
    password: colon === -1 ? "" : credentials.slice(colon + 1),
  };
  return {
    kind: "postgres",
    ...readAddress(authority.slice(at + 1), source),
    database: readDatabaseName(parts.database ?? "", source),
    user: parameters.user ?? given(decode(inAuthority.user, "the user", source)),
    password: parameters.password ?? given(decode(inAuthority.password, "the password", source)),
    sslmode: readSslMode(parameters, source),
    sslRootCert: parameters.sslrootcert,
  };
}

function readAddress(address: string, source: string): { host: string; port: number } {
  const parts = /^(?<host>\[[0-9A-Fa-f:.]+\]|[^:,[\]\s]*)(?::(?<port>\d{1,5}))?$/.exec(address)?.groups;
  const port = Number(parts?.port ?? PORT);
  if (parts === undefined || port < 1 || port > PORT_MAX) {
    throw usageError(
      `${source} has no proper host and port between // and the database's name`,
      `give one host, and a port from 1 to ${PORT_MAX}; ${ESCAPES_HINT}`,
    );
  }
  const host = decode(parts.host ?? "", "the host", source).replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? HOST : host, port };
}

function readDatabaseName(name: string, source: string): string {
  if (name === "") throw usageError(`${source} names no database`, "put its name behind the host: //host:port/name");
  if (/[/@]/.test(name)) throw usageError(`${source} has a / or @ in the database's name`, ESCAPES_HINT);
  return decode(name, "the database's name", source);
}

interface Parameters {
  user?: string;
  password?: string;
  ssl?: string;
  sslmode?: string;
  sslrootcert?: string;
}
const PARAMETERS = ["user", "password", "ssl", "sslmode", "sslrootcert"] as const;

function readParameters(query: string, source: string): Parameters {
  const parameters: Parameters = {};
  for (const parameter of query.split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const name = PARAMETERS.find((known) => known === parameter.slice(0, Math.max(equals, 0)).toLowerCase());
    if (name === undefined) {
      throw usageError(
        `${source} has a parameter behind its ? that Tidemark does not know`,
        `known are ${PARAMETERS.join(", ")}; ${ESCAPES_HINT}`,
      );
    }
    const value = given(decode(parameter.slice(equals + 1), `the parameter ${name}`, source));
    if (value !== undefined) parameters[name] = value;
  }
  return parameters;
}

function readSslMode(parameters: Parameters, source: string): SslMode {
  // JDBC's ssl=true means what libpq takes it for.
  const asked = parameters.sslmode ?? (parameters.ssl === "true" ? "require" : "prefer");
  const mode = SSL_MODES.find((known) => known === asked);
  if (mode === undefined) throw usageError(`${source} has an unknown sslmode`, `give one of ${SSL_MODES.join(", ")}`);
  return mode;
}

function decode(text: string, what: string, source: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Without the URIError as cause: nothing of the text may reach a log.
    throw usageError(`${source} has a % in ${what} that begins no escape of UTF-8`, ESCAPES_HINT);
  }
}

function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}
