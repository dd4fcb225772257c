/** How brokers are spoken to, as a user says it: what is taken, what must be given together, and no secret shown. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UserError } from "../../src/errors.ts";
import type { CommandName } from "../../src/settings/row.ts";
import { readSettings, settingsOf } from "../../src/settings/settings.ts";
import { failure } from "../failure.ts";

const SECRET = "Xq7Zr9Wv:%41 @";
const NOTHING = { tls: undefined, sasl: undefined };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-security-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const security = (args: string, env: Record<string, string> = {}, command: CommandName = "process") =>
  readSettings(command, ["--brokers", "b:9092", ...args.split(" ").filter(Boolean)], env).security;

function errorOf(args: string, env: Record<string, string> = {}): UserError {
  const error = failure(() => security(args, env));
  expect(error.exitCode).toBe(2);
  expect(error.message + error.hint).not.toContain(SECRET);
  return error;
}

describe("the protocol", () => {
  test("is PLAINTEXT by default: neither encrypted nor as anybody", () => {
    expect(security("")).toEqual(NOTHING);
  });

  test.each([
    ["plaintext", NOTHING],
    ["ssl", { tls: { caFile: undefined, own: undefined }, sasl: undefined }],
    ["Sasl_Plaintext", { tls: undefined, sasl: { mechanism: "PLAIN", username: "u", password: SECRET } }],
    [
      "SASL_SSL",
      { tls: { caFile: undefined, own: undefined }, sasl: { mechanism: "PLAIN", username: "u", password: SECRET } },
    ],
  ] as const)("%s is taken in any case, as flag and as variable", (protocol, expected) => {
    const env = { KAFKA_SASL_USERNAME: "u", KAFKA_SASL_PASSWORD: SECRET };
    expect(security(`--security-protocol ${protocol}`, env)).toEqual(expected);
    expect(security("", { ...env, KAFKA_SECURITY_PROTOCOL: protocol })).toEqual(expected);
  });

  test("is taken by every command that speaks to brokers, and by no other", () => {
    for (const command of ["setup", "produce", "process", "consume-kafka", "cleanup"] as const) {
      expect(security("--security-protocol SSL", {}, command).tls).toBeDefined();
    }
    const variables = settingsOf("consume-jdbc").map((row) => row.variable);
    expect(variables.filter((variable) => /SASL|SSL|SECURITY/.test(variable))).toEqual([]);
  });

  test("does not matter without brokers", () => {
    const env = { KAFKA_SECURITY_PROTOCOL: "SASL_SSL", KAFKA_SSL_KEY_FILE: "/k" };
    expect(readSettings("process", [], env).security).toEqual(NOTHING);
  });
});

describe("SASL", () => {
  const SASL = { KAFKA_SECURITY_PROTOCOL: "SASL_SSL", KAFKA_SASL_USERNAME: "u", KAFKA_SASL_PASSWORD: SECRET };

  test.each(["plain", "SCRAM-SHA-256", "scram-sha-512"])("has the mechanism %s", (mechanism) => {
    expect(security(`--sasl-mechanism ${mechanism}`, SASL).sasl).toEqual({
      mechanism: mechanism.toUpperCase() as "PLAIN",
      username: "u",
      password: SECRET,
    });
  });

  test("has its password from a file, without the line end", () => {
    const file = join(folder, "password");
    writeFileSync(file, `${SECRET}\n`);
    const env = { KAFKA_SECURITY_PROTOCOL: "sasl_plaintext", KAFKA_SASL_PASSWORD_FILE: file };
    expect(security("--sasl-username flag", env).sasl).toMatchObject({ username: "flag", password: SECRET });
    expect(errorOf("", { ...SASL, KAFKA_SASL_PASSWORD_FILE: file }).message).toBe(
      "KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set",
    );
  });

  test("needs user and password", () => {
    const noUser = errorOf("", { ...SASL, KAFKA_SASL_USERNAME: "" });
    expect(noUser.message).toBe("KAFKA_SECURITY_PROTOCOL is SASL_SSL, but no user is given");
    expect(noUser.hint).toContain("--sasl-username");
    const noPassword = errorOf("--security-protocol sasl_plaintext", { ...SASL, KAFKA_SASL_PASSWORD: "" });
    expect(noPassword.message).toBe("--security-protocol is SASL_PLAINTEXT, but no password is given");
    expect(noPassword.hint).toContain("KAFKA_SASL_PASSWORD_FILE");
  });

  test("given without being asked for does no harm", () => {
    expect(security("", { ...SASL, KAFKA_SECURITY_PROTOCOL: "" })).toEqual(NOTHING);
  });
});

describe("SSL", () => {
  test("has its files, and the key's password", () => {
    const env = { KAFKA_SSL_CERTIFICATE_FILE: "/cert", KAFKA_SSL_KEY_FILE: "/key", KAFKA_SSL_KEY_PASSWORD: SECRET };
    expect(security("--security-protocol ssl --ssl-ca-file /ca --ssl-key-file /other", env).tls).toEqual({
      caFile: "/ca",
      own: { certificateFile: "/cert", keyFile: "/other", keyPassword: SECRET },
    });
  });

  test("needs certificate and key together", () => {
    const noKey = errorOf("--security-protocol ssl", { KAFKA_SSL_CERTIFICATE_FILE: "/c" });
    expect(noKey.message).toBe(
      "--ssl-certificate-file (KAFKA_SSL_CERTIFICATE_FILE) is given without --ssl-key-file (KAFKA_SSL_KEY_FILE)",
    );
    const noCertificate = errorOf("--security-protocol ssl --ssl-key-file /k", { KAFKA_SSL_KEY_PASSWORD: SECRET });
    expect(noCertificate.message).toStartWith("--ssl-key-file (KAFKA_SSL_KEY_FILE) is given without");
  });
});
