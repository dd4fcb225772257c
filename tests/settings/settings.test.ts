/** Settings as a user gives them: flags, variables, defaults, and what is said about wrong ones. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND_NAMES, type CommandName } from "../../src/settings/row.ts";
import { readSettings, settingsOf } from "../../src/settings/settings.ts";
import { failure as errorOf } from "../failure.ts";

const settings = (command: CommandName, args: string, env: Record<string, string> = {}) =>
  readSettings(command, args.split(" ").filter(Boolean), env);

describe("defaults", () => {
  test("are the contract's", () => {
    expect(settings("process", "")).toEqual({
      ratings: "./data/ratings",
      titles: "./data/movie_titles.csv",
      titlesEncoding: "auto",
      sleepSeconds: 0,
      brokers: undefined,
      topic: "netflix-ratings",
      anomalyTopic: "netflix-ratings-anomalies",
      rejectedTopic: "netflix-ratings-rejected",
      partitions: 1,
      group: "netflix-ratings-group",
      database: { kind: "sqlite", path: join("tidemark-data", "tidemark.db") },
      security: { tls: undefined, sasl: undefined },
      compression: "none",
      mode: "A",
      anomalyDays: 30,
      anomalyMinCount: 70,
      anomalyMinMean: 4,
      home: "./tidemark-data",
      checkpoints: join("tidemark-data", "checkpoints"),
      once: false,
      drain: false,
      rebuild: false,
      resume: false,
      skipCorrupt: false,
      fromBeginning: false,
      intervalSeconds: 10,
      limit: 50,
      format: "table",
      maxFutureMs: 86_400_000,
      idleTimeoutMs: undefined,
      retainDays: undefined,
      maxMovies: 1_000_000,
      maxWindows: 1000,
      drop: false,
      yes: false,
      logLevel: "info",
    });
  });

  test("follow the home in use", () => {
    const { database, checkpoints } = settings("process", "--home /srv/tide");
    expect(database).toEqual({ kind: "sqlite", path: "/srv/tide/tidemark.db" });
    expect(checkpoints).toBe("/srv/tide/checkpoints");
  });

  test("cannot be changed by a command", () => {
    expect(Object.isFrozen(settings("produce", ""))).toBe(true);
  });
});

describe("where a value comes from", () => {
  test.each([
    ["--mode C", {}, "C"],
    ["--mode=c", {}, "C"],
    ["", { PROCESSING_TYPE: "C" }, "C"],
    ["--mode A", { PROCESSING_TYPE: "C" }, "A"],
    ["--mode A", { PROCESSING_TYPE: "nonsense" }, "A"],
    ["", { PROCESSING_TYPE: "" }, "A"],
  ] as const)("%p with %p is %p", (args, env, mode) => {
    expect(settings("process", args, env).mode).toBe(mode);
  });

  test("a variable of another command's setting is not looked at", () => {
    expect(settings("produce", "", { PROCESSING_TYPE: "nonsense", JDBC_URL: "nonsense" }).mode).toBe("A");
  });

  test("every flag has a variable of its own that does the same", () => {
    const rows = [...new Set(COMMAND_NAMES.flatMap(settingsOf))];
    expect(new Set(rows.map((row) => row.variable)).size).toBe(rows.length);
    const flags = rows.flatMap((row) => row.flag ?? []);
    expect(new Set(flags).size).toBe(flags.length);
    const { once, maxFutureMs } = settings("process", "", { TIDEMARK_ONCE: "true", TIDEMARK_MAX_FUTURE: "off" });
    expect({ once, maxFutureMs }).toEqual({ once: true, maxFutureMs: undefined });
  });

  test("a switch can be taken back", () => {
    expect(settings("process", "--once=false --drain", { TIDEMARK_ONCE: "1" })).toMatchObject({
      once: false,
      drain: true,
    });
  });

  test("the same flag twice is fine while it says the same", () => {
    expect(settings("process", "--mode C --mode=C").mode).toBe("C");
    expect(errorOf(() => settings("process", "--mode C --mode A")).message).toContain("--mode is given twice");
  });
});

describe("values", () => {
  test.each([
    ["produce", "--sleep 1.5", { sleepSeconds: 1.5 }],
    ["produce", "--brokers host --compression LZ4", { compression: "lz4" }],
    ["process", "--anomaly-days 3660", { anomalyDays: 3660 }],
    ["process", "--anomaly-min-count 0 --anomaly-min-mean -0.5", { anomalyMinCount: 0, anomalyMinMean: -0.5 }],
    [
      "process",
      "--max-future 0.5 --idle-timeout 30 --retain 365",
      { maxFutureMs: 43_200_000, idleTimeoutMs: 30_000, retainDays: 365 },
    ],
    [
      "process",
      "--max-future off --idle-timeout off --retain OFF",
      { maxFutureMs: undefined, idleTimeoutMs: undefined, retainDays: undefined },
    ],
    ["process", "--titles-encoding Latin-1", { titlesEncoding: "latin-1" }],
    ["setup", "--partitions 12 --drop --yes", { partitions: 12, drop: true, yes: true }],
    ["consume-kafka", "--from-beginning --once", { fromBeginning: true, once: true }],
    ["consume-jdbc", "--interval 0.5 --limit 1 --format json", { intervalSeconds: 0.5, limit: 1, format: "json" }],
    ["cleanup", "--checkpoints /c --group g/1", { checkpoints: "/c", group: "g/1" }],
    ["setup", "--brokers one,two:9093,[::1]:9094", { brokers: ["one:9092", "two:9093", "[::1]:9094"] }],
  ] as const)("%s %s", (command, args, expected) => {
    expect(settings(command, args)).toMatchObject(expected);
  });

  test.each([
    ["process", "anomaly-days", "ANOMALY_PERIOD_LENGTH", ["0", "-1", "3661", "1.5", "NaN", "x", "1e2", " 3", "0x10"]],
    ["process", "anomaly-min-count", "ANOMALY_RATING_COUNT", ["-1", "1.5", "many", "99999999999"]],
    ["process", "anomaly-min-mean", "ANOMALY_RATING_MEAN", ["NaN", "Infinity", "4,5", "."]],
    ["process", "mode", "PROCESSING_TYPE", ["B", "AC", "complete"]],
    ["process", "max-future", "TIDEMARK_MAX_FUTURE", ["-1", "never"]],
    ["process", "idle-timeout", "TIDEMARK_IDLE_TIMEOUT", ["0", "on"]],
    ["process", "retain", "TIDEMARK_RETAIN", ["0", "1.5"]],
    ["process", "max-movies", "TIDEMARK_MAX_MOVIES", ["0", "-5"]],
    ["process", "once", "TIDEMARK_ONCE", ["maybe", "2"]],
    ["produce", "sleep", "KAFKA_PRODUCER_SLEEP_TIME", ["-1", "30s", "9999999999"]],
    ["produce", "topic", "KAFKA_DATA_TOPIC_NAME", ["a/b", "..", "a b", "x".repeat(250)]],
    ["produce", "brokers", "KAFKA_BOOTSTRAP_SERVERS", ["host:0", "host:65536", "a,,b", "http://host"]],
    ["produce", "compression", "KAFKA_COMPRESSION", ["brotli", "1"]],
    ["produce", "security-protocol", "KAFKA_SECURITY_PROTOCOL", ["TLS", "SASL", "SASL-SSL"]],
    ["cleanup", "sasl-mechanism", "KAFKA_SASL_MECHANISM", ["GSSAPI", "SCRAM", "OAUTHBEARER"]],
    ["setup", "partitions", "KAFKA_PARTITIONS", ["0", "1.5"]],
    ["setup", "group", "KAFKA_GROUP_ID", ["a\nb"]],
    ["consume-jdbc", "format", "TIDEMARK_FORMAT", ["xml"]],
    ["consume-jdbc", "limit", "TIDEMARK_LIMIT", ["0", "all"]],
    ["consume-jdbc", "interval", "TIDEMARK_INTERVAL", ["0", "-1"]],
    ["setup", "log-level", "TIDEMARK_LOG", ["loud"]],
  ] as const)("%s refuses a wrong --%s, given as flag or as %s", (command, flag, variable, wrong) => {
    for (const text of wrong) {
      const asFlag = errorOf(() => readSettings(command, [`--${flag}=${text}`], {}));
      const asVariable = errorOf(() => readSettings(command, [], { [variable]: text }));
      expect(asFlag.message).toStartWith(`--${flag} is ${JSON.stringify(text)}, but must be `);
      expect(asVariable.message).toStartWith(`${variable} is ${JSON.stringify(text)}, but must be `);
      expect(asFlag.hint).toContain(variable);
      expect(asVariable.hint).toContain(`--${flag}`);
      expect([asFlag.exitCode, asVariable.exitCode]).toEqual([2, 2]);
    }
  });
});

describe("what does not go together", () => {
  test("--once with --drain, wherever they come from", () => {
    const error = errorOf(() => settings("process", "--drain", { TIDEMARK_ONCE: "yes" }));
    expect(error.message).toBe("TIDEMARK_ONCE and --drain are both given");
    expect(error.exitCode).toBe(2);
  });

  test("two topics of one name", () => {
    const error = errorOf(() => settings("process", "--topic t --rejected-topic t"));
    expect(error.message).toContain("--topic (KAFKA_DATA_TOPIC_NAME) and --rejected-topic (KAFKA_REJECTED_TOPIC_NAME)");
    // A topic that the command does not take is none of its business, whatever its default or variable says.
    const env = { KAFKA_DATA_TOPIC_NAME: "t", KAFKA_REJECTED_TOPIC_NAME: "t" };
    expect(settings("produce", "--topic netflix-ratings-rejected", env).topic).toBe("netflix-ratings-rejected");
    for (const topic of ["netflix-ratings-rejected", "netflix-ratings", "t"]) {
      expect(settings("consume-kafka", `--anomaly-topic ${topic}`, env).anomalyTopic).toBe(topic);
    }
  });
});

describe("the command line", () => {
  test.each([
    ["process", "--anomaly-day 3", "did you mean --anomaly-days?"],
    ["process", "--Mode C", "did you mean --mode?"],
    ["process", "-once", "did you mean --once?"],
    ["process", "--zzzzzzzz", "see tidemark process --help"],
    ["consume-kafka", "--topic t", "it belongs to "],
    ["consume-jdbc", "--drain", "it belongs to process"],
    ["process", "--no-once", "see tidemark process --help"],
    ["process", "once", "see tidemark process --help"],
    ["process", "--once true", "see tidemark process --help"],
    ["process", "-- --once", "see tidemark process --help"],
    ["process", "--mode", "--mode <A|C>"],
    ["process", "--mode --once", "--mode <A|C>"],
    ["process", "--mode=", "--mode <A|C>"],
  ] as const)("%s %s: %s", (command, args, hint) => {
    const error = errorOf(() => settings(command, args));
    expect(error.hint).toContain(hint);
    expect(error.exitCode).toBe(2);
  });

  test.each(["--password", "--database-password", "--sasl-password", "--ssl-key-password", "--pass"])(
    "%s is refused, unread",
    (flag) => {
      for (const args of [[`${flag}=Xq7Zr9Wv`], [flag, "Xq7Zr9Wv"]]) {
        const { message, hint } = errorOf(() => readSettings("process", args, {}));
        expect(hint).toContain("JDBC_PASSWORD");
        expect(hint).toContain("KAFKA_SASL_PASSWORD");
        expect(message + hint).not.toContain("Xq7Zr9Wv");
      }
    },
  );
});

describe("the PostgreSQL database", () => {
  const URL = "jdbc:postgresql://stream%20user:from%20url@h:8432/netflix_ratings";
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tidemark-settings-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const database = (env: Record<string, string>, args: string[] = []) => {
    const read = readSettings("setup", args, { JDBC_URL: URL, ...env }).database;
    if (read.kind !== "postgres") throw new Error("no PostgreSQL database");
    return read;
  };

  test("has user and password from the URL, the administrator from the environment", () => {
    expect(database({ PGPASSWORD: "admin word" })).toMatchObject({
      host: "h",
      port: 8432,
      user: "stream user",
      password: "from url",
      administrator: { user: "postgres", password: "admin word" },
    });
  });

  test("has user and password from the variables, taken literally", () => {
    const { user, password } = database({ JDBC_USERNAME: "a%20b", JDBC_PASSWORD: "%41:@/?#" });
    expect({ user, password }).toEqual({ user: "a%20b", password: "%41:@/?#" });
  });

  test("has its secrets from files, without the line end", () => {
    writeFileSync(join(folder, "user"), " two lines\nend \n");
    writeFileSync(join(folder, "administrator"), "word\n\n");
    const { password, administrator } = database({
      JDBC_PASSWORD_FILE: join(folder, "user"),
      PGPASSWORD_FILE: join(folder, "administrator"),
      PGUSER: "root",
    });
    expect(password).toBe(" two lines\nend ");
    expect(administrator).toEqual({ user: "root", password: "word\n" });
  });

  test("refuses a secret given twice, or in a file that is not there", () => {
    const twice = errorOf(() => database({ JDBC_PASSWORD: "Xq7Zr9Wv", JDBC_PASSWORD_FILE: join(folder, "user") }));
    expect(twice.message).toBe("JDBC_PASSWORD and JDBC_PASSWORD_FILE are both set");
    const missing = errorOf(() => database({ JDBC_PASSWORD_FILE: join(folder, "missing") }));
    expect(missing.message).toContain(join(folder, "missing"));
    expect(missing.message).toContain("ENOENT");
  });

  test("must have the name that JDBC_DATABASE says", () => {
    expect(database({ JDBC_DATABASE: "netflix_ratings" }).database).toBe("netflix_ratings");
    const error = errorOf(() => database({ JDBC_DATABASE: "other" }));
    expect(error.message).toBe('JDBC_DATABASE is "other", but JDBC_URL names another database');
  });

  test("needs a user", () => {
    const error = errorOf(() => database({ JDBC_URL: "postgres://h/d" }));
    expect(error.hint).toContain("JDBC_USERNAME");
    expect(database({ JDBC_URL: "postgres://h/d" }, ["--database-user", "flag"]).user).toBe("flag");
  });

  test("takes no password from the command line", () => {
    const error = errorOf(() => database({}, ["--database", "postgres://u:Xq7Zr9Wv@h/d"]));
    expect(error.hint).toContain("JDBC_PASSWORD");
    expect(error.message + error.hint).not.toContain("Xq7Zr9Wv");
    expect(database({ JDBC_PASSWORD: "p" }, ["--database", "postgres://u@h/other"]).database).toBe("other");
  });

  test("leaves the variables of PostgreSQL alone while the database is SQLite", () => {
    const env = { JDBC_DATABASE: "netflix_ratings", JDBC_USERNAME: "u", JDBC_PASSWORD: "p" };
    expect(settings("process", "", { ...env, JDBC_URL: "jdbc:sqlite:/r.db" }).database).toEqual({
      kind: "sqlite",
      path: "/r.db",
    });
    expect(settings("process", "", env).database).toMatchObject({ kind: "sqlite" });
  });
});
