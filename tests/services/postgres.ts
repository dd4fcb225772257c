/**
 * A real PostgreSQL 15 or newer for tests: a cluster of its own in a temporary folder, on a free port of 127.0.0.1,
 * fsync on; every role but the administrator needs its password. Debian's package is installed when it is missing and
 * we are root. `TEST_POSTGRES`, the URL of an administrator, names a server to use instead. Where neither can be had,
 * this throws, and the tests fail: none is left out in silence. Statements go through psql, which shares nothing with
 * the code under test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { apt, freePort, isRoot, succeed } from "./programs.ts";

const VERSION_MIN = 15;
const DEBIAN_FOLDER = "/usr/lib/postgresql";
const CLUSTER_SETTINGS = "/etc/postgresql-common/createcluster.conf";
/** Only from this machine; the administrator as the machine's own, all others by password. */
const HOST_RULES = "host all,replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Where a server is, and the folder of the programs to ask it with. */
export interface PostgresPlace {
  readonly host: string;
  readonly port: number;
  readonly administrator: Login;
  /** Empty for a psql that is on the PATH. */
  readonly binaries: string;
}

/** A server, running or not. */
export class PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly administrator: Login;
  readonly #binaries: string;
  /** Undefined where the server is not ours. */
  readonly #folder: string | undefined;
  #child: ChildProcess | undefined;

  private constructor({ host, port, administrator, binaries }: PostgresPlace, folder?: string) {
    this.host = host;
    this.port = port;
    this.administrator = administrator;
    this.#binaries = binaries;
    this.#folder = folder;
  }

  /** A server that somebody else starts and stops. */
  static at(place: PostgresPlace): PostgresServer {
    return new PostgresServer(place);
  }

  /** Ready for connections when it resolves. */
  static async start(): Promise<PostgresServer> {
    const given = process.env.TEST_POSTGRES;
    if (given !== undefined && given !== "") {
      const { hostname, port, username, password } = new URL(given);
      const administrator = {
        user: decodeURIComponent(username || "postgres"),
        password: decodeURIComponent(password),
      };
      return PostgresServer.at({ host: hostname, port: Number(port || 5432), administrator, binaries: "" });
    }
    const binaries = findBinaries() ?? installBinaries();
    const folder = mkdtempSync(join(tmpdir(), "tidemark-postgres-"));
    const administrator = { user: "postgres", password: "" };
    const place = { host: "127.0.0.1", port: await freePort(), administrator, binaries };
    const server = new PostgresServer(place, folder);
    try {
      if (isRoot()) succeed("chown", ["postgres", folder]);
      const data = join(folder, "data");
      const options = ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"];
      succeed(...asServer(join(binaries, "initdb"), options));
      writeFileSync(join(data, "pg_hba.conf"), HOST_RULES);
      const port = `port = ${server.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n`;
      appendFileSync(join(data, "postgresql.conf"), `${port}password_encryption = 'scram-sha-256'\n`);
      await server.startAgain();
      return server;
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** Whether this is a server that tests may stop. */
  get isOurs(): boolean {
    return this.#folder !== undefined;
  }

  /** As `at` takes it, for another process. */
  get place(): PostgresPlace {
    const { host, port, administrator } = this;
    return { host, port, administrator, binaries: this.#binaries };
  }

  /** After `stop`: the same server on the same port. */
  async startAgain(): Promise<void> {
    if (this.#folder === undefined) throw new Error("a server that is not ours is neither stopped nor started");
    const [program, args] = asServer(join(this.#binaries, "postgres"), ["-D", join(this.#folder, "data")]);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd: this.#folder });
    this.#child = child;
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      if (/ready to accept (read-only )?connections/.test(line)) {
        child.stderr.resume();
        return;
      }
    }
    throw new Error(`PostgreSQL did not start:\n${said.join("\n")}`);
  }

  /** Ends every session and the server, and waits until it has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#folder === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const pidFile = join(this.#folder, "data", "postmaster.pid");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // The server itself, not the program that gave up root's rights for it. SIGINT: its fast shutdown.
    // Not there any more once a terminal's Ctrl-C, which goes to all, has ended it.
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8").split("\n")[0]), "SIGINT");
    await ended;
    this.#child = undefined;
  }

  /** Stops for good; a standby with all that was there answers on its port, read-only until it is promoted. */
  async failOver(): Promise<void> {
    if (this.#folder === undefined) throw new Error("a server that is not ours has no standby");
    const [data, copy] = ["data", "standby"].map((name) => join(this.#folder ?? "", name));
    const from = ["-h", this.host, "-p", String(this.port), "-U", this.administrator.user];
    const options = ["-D", copy, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"];
    succeed(...asServer(join(this.#binaries, "pg_basebackup"), [...from, ...options]));
    await this.stop();
    rmSync(data, { recursive: true });
    renameSync(copy, data);
    await this.startAgain();
  }

  /** After `failOver`: takes writes again. */
  promote(): void {
    this.sql("SELECT pg_promote()");
  }

  async remove(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  url(database: string, { user }: { user: string }): string {
    return `postgres://${encodeURIComponent(user)}@${this.host}:${this.port}/${encodeURIComponent(database)}`;
  }

  /** The result of one statement, or of several without one. */
  sql(statement: string, database = "postgres", login = this.administrator): Record<string, unknown>[] {
    const reads = /^\s*(SELECT|TABLE|WITH)\b/i.test(statement);
    const asked = reads ? `SELECT coalesce(json_agg(answer), '[]') FROM (${statement}) AS answer` : statement;
    const psql = this.#binaries === "" ? "psql" : join(this.#binaries, "psql");
    const options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", asked];
    const env = {
      PATH: process.env.PATH ?? "",
      PGHOST: this.host,
      PGPORT: String(this.port),
      PGUSER: login.user,
      PGPASSWORD: login.password,
      PGDATABASE: database,
      PGCLIENTENCODING: "UTF8",
    };
    const output = succeed(psql, options, env);
    return reads ? JSON.parse(output) : [];
  }
}

/** A name or password as a part of a statement. */
export function quoted(text: string, mark: '"' | "'"): string {
  return mark + text.replaceAll(mark, mark + mark) + mark;
}

/** initdb and the server refuse to be run by root. */
function asServer(program: string, args: string[]): [string, string[]] {
  return isRoot() ? ["runuser", ["-u", "postgres", "--", program, ...args]] : [program, args];
}

/** The folder of a PostgreSQL that is new enough: Debian's newest, which is on no PATH, else one that is. */
function findBinaries(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).map(Number) : [];
  const debian = versions.sort((a, b) => b - a).map((version) => join(DEBIAN_FOLDER, String(version), "bin"));
  return [...debian, ...(process.env.PATH ?? "").split(delimiter)].find((folder) => {
    const programs = ["initdb", "postgres", "psql"].map((name) => join(folder, name));
    if (!programs.every((program) => existsSync(program))) return false;
    return Number(/\d+/.exec(succeed(programs[1], ["--version"]))?.[0]) >= VERSION_MIN;
  });
}

function installBinaries(): string {
  const wanted = `PostgreSQL ${VERSION_MIN} or newer`;
  const advice = "install Debian's package postgresql, or set TEST_POSTGRES to the URL of an administrator of one";
  if (!isRoot())
    throw new Error(`the tests need ${wanted}, which is not here, and only root can install it: ${advice}`);
  try {
    apt("update");
    // First what makes a package's own cluster, to tell it not to: nobody would use it.
    apt("install", "--no-install-recommends", "postgresql-common");
    const settings = readFileSync(CLUSTER_SETTINGS, "utf8").replace(/^#?\s*create_main_cluster\b.*$/m, "");
    writeFileSync(CLUSTER_SETTINGS, `${settings}create_main_cluster = false\n`);
    apt("install", "--no-install-recommends", "postgresql");
  } catch (error) {
    throw new Error(`the tests need ${wanted}, which could not be installed: ${advice}`, { cause: error });
  }
  const binaries = findBinaries();
  if (binaries === undefined) throw new Error(`the tests need ${wanted}, but the package is older: ${advice}`);
  return binaries;
}
