/** KafkaJS's ssl and sasl from settings: tried against a TLS server that asks for a certificate; wrong files named. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { UserError } from "../../../src/errors.ts";
import { readSettings } from "../../../src/settings/settings.ts";
import { securityOf } from "../../../src/topic/kafka/security.ts";
import { failure } from "../../failure.ts";

const SECRET = "Xq7Zr9Wv";
const SETUP_MS = 60_000;

let folder = "";
let server: Server;
const file = (name: string) => join(folder, name);

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${error?.message ?? stderr}`);
}

const openssl = (...args: string[]) => run("openssl", ...args);

/** A key and a certificate of the authority `ca` for it. */
function certificate(name: string): void {
  const extensions = ["-addext", "subjectAltName=DNS:localhost"];
  openssl("req", "-new", "-nodes", "-subj", `/CN=${name}`, ...extensions, "-keyout", `${name}.key`, "-out", "request");
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"];
  openssl("x509", "-req", "-in", "request", "-days", "2", ...authority, "-out", `${name}.pem`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-tls-"));
  for (const name of ["ca", "other-ca"]) {
    openssl(
      "req",
      "-new",
      "-x509",
      "-days",
      "2",
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
    );
  }
  certificate("broker");
  certificate("client");
  openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", "client.key", "-passout", `pass:${SECRET}`, "-out", "locked.key");
  openssl("rsa", "-traditional", "-aes256", "-in", "client.key", "-passout", `pass:${SECRET}`, "-out", "old.key");
  writeFileSync(file("both.pem"), `other\n${readFileSync(file("other-ca.pem"))}${readFileSync(file("ca.pem"))}`);
  writeFileSync(file("damaged.pem"), readFileSync(file("ca.pem"), "utf8").replace(/\n[A-Za-z0-9+/]{8}/, "\nAAAAAAAA"));
  writeFileSync(file("empty"), "");
  const read = (name: string) => readFileSync(file(name));
  server = createServer(
    {
      key: read("broker.key"),
      cert: read("broker.pem"),
      ca: read("ca.pem"),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => socket.end(socket.authorized ? `hello ${socket.getPeerCertificate().subject.CN}` : "hello stranger"),
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}, SETUP_MS);
afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

function securityFor(env: Record<string, string>) {
  const all = { KAFKA_BOOTSTRAP_SERVERS: "localhost", KAFKA_SECURITY_PROTOCOL: "SSL", ...env };
  return securityOf(readSettings("process", [], all));
}

/** What the server says to a client of these settings. */
async function greeting(env: Record<string, string>, servername = "localhost"): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const socket: TLSSocket = connect({ host: "127.0.0.1", port, servername, ...securityFor(env).ssl });
  try {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    await once(socket, "end");
    return text;
  } finally {
    socket.destroy();
  }
}

function errorOf(env: Record<string, string>): UserError {
  const error = failure(() => securityFor(env));
  expect(error.exitCode).toBe(2);
  expect(error.message + error.hint).not.toContain(SECRET);
  return error;
}

describe("SSL", () => {
  test("trusts the authority of the file, and shows no certificate unless it has one", async () => {
    expect(await greeting({ KAFKA_SSL_CA_FILE: file("ca.pem") })).toBe("hello stranger");
    expect(await greeting({ KAFKA_SSL_CA_FILE: file("both.pem") })).toBe("hello stranger");
  });

  test("trusts no other authority, and no other host's certificate", async () => {
    await expect(greeting({ KAFKA_SSL_CA_FILE: file("other-ca.pem") })).rejects.toThrow();
    await expect(greeting({})).rejects.toThrow();
    await expect(greeting({ KAFKA_SSL_CA_FILE: file("ca.pem") }, "elsewhere")).rejects.toThrow();
  });

  test.each(["client.key", "locked.key", "old.key"])("shows its certificate, with the key in %s", async (key) => {
    const env = { KAFKA_SSL_CERTIFICATE_FILE: file("client.pem"), KAFKA_SSL_KEY_FILE: file(key) };
    const all = { ...env, KAFKA_SSL_CA_FILE: file("ca.pem"), KAFKA_SSL_KEY_PASSWORD: SECRET };
    expect(await greeting(all)).toBe("hello client");
  });

  test("is not there with the protocol PLAINTEXT", () => {
    expect(securityFor({ KAFKA_SECURITY_PROTOCOL: "PLAINTEXT", KAFKA_SSL_CA_FILE: file("missing") })).toEqual({});
  });
});

describe("files", () => {
  test("that are wrong are named with their setting", () => {
    const ca = (name: string) => errorOf({ KAFKA_SSL_CA_FILE: file(name) }).message;
    const start = "--ssl-ca-file (KAFKA_SSL_CA_FILE) names";
    expect(ca("missing")).toBe(`${start} ${file("missing")}, which cannot be read (ENOENT)`);
    expect(ca(".")).toContain("which cannot be read (EISDIR)");
    expect(ca("empty")).toBe(`${start} ${file("empty")}, which holds no certificate in PEM format`);
    expect(ca("client.key")).toContain("which holds no certificate in PEM format");
    expect(ca("damaged.pem")).toBe(`${start} ${file("damaged.pem")}, which holds a damaged certificate`);
  });

  test("of our own certificate must fit each other", () => {
    const own = (certificateName: string, keyName: string, password = "") =>
      errorOf({
        KAFKA_SSL_CERTIFICATE_FILE: file(certificateName),
        KAFKA_SSL_KEY_FILE: file(keyName),
        KAFKA_SSL_KEY_PASSWORD: password,
      });
    expect(own("empty", "client.key").message).toStartWith("--ssl-certificate-file (KAFKA_SSL_CERTIFICATE_FILE) names");
    expect(own("client.pem", "missing").message).toStartWith("--ssl-key-file (KAFKA_SSL_KEY_FILE) names");
    expect(own("client.pem", "client.pem").message).toContain("which holds no private key in PEM format");
    expect(own("client.pem", "broker.key").message).toContain("whose key is not that of the certificate in");
    for (const key of ["locked.key", "old.key"]) {
      expect(own("client.pem", key).message).toContain("whose key has a password, but none is given");
      expect(own("client.pem", key, "wrong").hint).toBe("check KAFKA_SSL_KEY_PASSWORD");
    }
  });
});

test.each([
  ["PLAIN", "plain"],
  ["SCRAM-SHA-256", "scram-sha-256"],
  ["SCRAM-SHA-512", "scram-sha-512"],
] as const)("SASL %s is KafkaJS's %s", (mechanism, name) => {
  const env = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: "u", KAFKA_SASL_PASSWORD: SECRET };
  const sasl = { mechanism: name, username: "u", password: SECRET };
  expect(securityFor({ ...env, KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT" })).toEqual({ sasl } as never);
  expect(securityFor({ ...env, KAFKA_SECURITY_PROTOCOL: "SASL_SSL" })).toEqual({
    ssl: { rejectUnauthorized: true },
    sasl,
  } as never);
});
