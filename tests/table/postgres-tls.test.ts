/** Encrypted connections to PostgreSQL, as libpq's sslmode has them. The certificate is for `localhost` only. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { SslMode } from "../../src/settings/database-url.ts";
import { PostgresSession } from "../../src/table/postgres-session.ts";
import { failureOf } from "../failure.ts";
import { PostgresServer } from "../services/postgres.ts";

/** The package may have to be installed first. */
const START_MS_MAX = 300_000;

let server: PostgresServer;
let certificate = "";
beforeAll(async () => {
  server = await PostgresServer.start();
  if (!server.isOurs) return;
  const [{ data }] = server.sql("SELECT setting AS data FROM pg_settings WHERE name = 'data_directory'");
  const folder = String(data);
  certificate = join(folder, "server.crt");
  const key = join(folder, "server.key");
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  run("openssl", "req", "-new", "-x509", "-days", "2", "-nodes", ...name, "-keyout", key, "-out", certificate);
  run("chmod", "600", key);
  // The key has to be the server's, which is whoever owns the rest.
  run("chown", "--reference", join(folder, "PG_VERSION"), key, certificate);
  appendFileSync(join(folder, "postgresql.conf"), "ssl = on\n");
  await server.stop();
  await server.startAgain();
}, START_MS_MAX);
afterAll(() => server?.remove());

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}

/** Whether the session that `sslmode` makes is encrypted. */
async function isEncrypted(sslmode: SslMode, host: string, sslRootCert: string | undefined): Promise<boolean> {
  const { port, administrator } = server;
  const login = { user: administrator.user, password: undefined };
  const place = { kind: "postgres", host, port, database: "postgres", sslmode, sslRootCert, ...login } as const;
  const session = await PostgresSession.connect(place);
  try {
    return (await session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))[0].ssl === true;
  } finally {
    await session.end();
  }
}

// A server that is not the tests' own gets no certificate.
const testOwn = test.skipIf(process.env.TEST_POSTGRES !== undefined);

testOwn.each([
  ["disable", "127.0.0.1", false, false],
  ["allow", "127.0.0.1", false, false],
  ["prefer", "127.0.0.1", false, true],
  ["require", "127.0.0.1", false, true],
  ["require", "127.0.0.1", true, true],
  ["verify-ca", "127.0.0.1", true, true],
  ["verify-full", "localhost", true, true],
] as const)(
  "sslmode %s to %s, the certificate trusted: %p; encrypted: %p",
  async (mode, host, isTrusted, encrypted) => {
    expect(await isEncrypted(mode, host, isTrusted ? certificate : undefined)).toBe(encrypted);
  },
);

testOwn.each([
  ["verify-ca", "localhost", false],
  ["verify-full", "localhost", false],
  ["verify-full", "127.0.0.1", true],
] as const)("sslmode %s to %s, the certificate trusted: %p; refused", async (mode, host, isTrusted) => {
  const error = await failureOf(() => isEncrypted(mode, host, isTrusted ? certificate : undefined));
  expect(error.exitCode).toBe(3);
  expect(error.message).toContain(`sslmode=${mode}`);
  expect(error.hint).toContain("sslrootcert");
});
