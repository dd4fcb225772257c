/** The database's address: what is read from a URL, what is refused, and that no message repeats a password. */
import { describe, expect, test } from "bun:test";
import { holdsPassword, parseDatabaseUrl, SSL_MODES } from "../../src/settings/database-url.ts";
import { failure } from "../failure.ts";

const parse = (url: string) => parseDatabaseUrl(url, "JDBC_URL");

function postgres(url: string) {
  const parsed = parse(url);
  if (parsed.kind !== "postgres") throw new Error(`${url} is no PostgreSQL URL`);
  return parsed;
}

const errorOf = (url: string) => failure(() => parse(url));

describe("PostgreSQL", () => {
  test.each(["jdbc:postgresql", "postgresql", "postgres", "JDBC:PostgreSQL"])("%s:// names all parts", (scheme) => {
    expect(postgres(`${scheme}://user:word@db.example:8432/netflix_ratings?sslmode=require`)).toEqual({
      kind: "postgres",
      host: "db.example",
      port: 8432,
      database: "netflix_ratings",
      user: "user",
      password: "word",
      sslmode: "require",
      sslRootCert: undefined,
    });
  });

  test("has libpq's defaults", () => {
    const { host, port, user, password, sslmode } = postgres("postgres:///ratings");
    expect({ host, port, user, password, sslmode }).toEqual({
      host: "localhost",
      port: 5432,
      user: undefined,
      password: undefined,
      sslmode: "prefer",
    });
  });

  test("decodes user, password, name and parameters", () => {
    const url = postgres("postgres://a%40b:p%3A%2F%3F%23%25%20%C3%A9@h/r%20s?sslrootcert=%2Fetc%2Fca.pem");
    expect(url).toMatchObject({ user: "a@b", password: "p:/?#% é", database: "r s", sslRootCert: "/etc/ca.pem" });
  });

  test("takes user and password as JDBC writes them, and a plus sign as it stands", () => {
    const url = postgres("jdbc:postgresql://h/d?user=stream%20user&password=a+b%26c");
    expect(url).toMatchObject({ user: "stream user", password: "a+b&c" });
  });

  test("takes a colon or an @ in a password without escapes", () => {
    expect(postgres("postgres://u:a:b@c@h/d")).toMatchObject({ user: "u", password: "a:b@c", host: "h" });
  });

  test("takes an IPv6 address", () => {
    expect(postgres("postgres://u@[2001:db8::1]:5433/d")).toMatchObject({ host: "2001:db8::1", port: 5433 });
    expect(postgres("postgres://u@[::1]/d")).toMatchObject({ host: "::1", port: 5432 });
  });

  test.each([...SSL_MODES])("knows sslmode %s", (mode) => {
    expect(postgres(`postgres://h/d?sslmode=${mode}`).sslmode).toBe(mode);
  });

  test("takes JDBC's ssl=true as libpq does", () => {
    expect(postgres("jdbc:postgresql://h/d?ssl=true").sslmode).toBe("require");
  });

  test.each([
    ["postgres://h", "names no database"],
    ["postgres://h/", "names no database"],
    ["postgres://h:0/d", "host and port"],
    ["postgres://h:65536/d", "host and port"],
    ["postgres://h:port/d", "host and port"],
    ["postgres://a,b/d", "host and port"],
    ["postgres://h/a/b", "database's name"],
    ["postgres://h/d?sslmode=always", "unknown sslmode"],
    ["postgres://h/d?sslmod=require", "does not know"],
    ["postgres://u%zz@h/d", "in the user"],
    ["postgres://u:%ff@h/d", "in the password"],
    ["postgres://h/d#x", "#"],
    ["jdbc:postgresql:d", "no address"],
    ["mysql://h/d", "no address"],
    ["localhost:5432", "no address"],
  ])("refuses %s: %s", (url, message) => {
    const error = errorOf(url);
    expect(error.message).toContain(message);
    expect(error.message).toStartWith("JDBC_URL ");
    expect(error.exitCode).toBe(2);
    expect(error.hint).not.toBe("");
  });
});

describe("SQLite", () => {
  test.each(["results.db", "/var/lib/tide mark/%41?.db", "../a"])("takes the path %s as it stands", (path) => {
    expect(parse(`jdbc:sqlite:${path}`)).toEqual({ kind: "sqlite", path });
  });

  test.each(["", ":memory:", "file:results.db"])("refuses %p", (path) => {
    expect(errorOf(`jdbc:sqlite:${path}`).message).toContain("names no file");
  });
});

describe("a password", () => {
  const secret = "Xq7Zr9Wv";
  test.each([
    `postgres://u:a/${secret}@h/d`,
    `postgres://u:a?${secret}@h/d`,
    `postgres://u:a#${secret}@h/d`,
    `postgres://u:%${secret}@h/d`,
    `postgres://u:1/${secret}@h/d`,
    `postgres://u:${secret}/@h/d`,
    `postgres://u:${secret}@h:port/d`,
    `postgres://u:${secret}@h`,
    `postgres://h/d?user=u&password=a&${secret}`,
    `postgres://h/d?user=u&password=a&${secret}=1`,
    `postgres://h/d?password=%${secret}`,
    `postgres://h/d?sslmode=${secret}`,
    `postgres:/u:${secret}@h/d`,
    secret,
  ])("is in no message about %s", (url) => {
    const { message, hint, stack, cause } = errorOf(url);
    expect([message, hint, stack, String(cause)].join("\n")).not.toContain(secret);
  });

  test("is noticed wherever it stands", () => {
    expect(holdsPassword(parse("postgres://u:p@h/d"))).toBe(true);
    expect(holdsPassword(parse("postgres://u@h/d?password=p"))).toBe(true);
    expect(holdsPassword(parse("postgres://u@h/d"))).toBe(false);
    expect(holdsPassword(parse("jdbc:sqlite:u:p@h"))).toBe(false);
  });
});
