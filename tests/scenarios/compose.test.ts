/**
 * `deploy/compose.yaml` without a container engine: its syntax, and its steps, one after another, by the executable in
 * an empty folder, with the variables that the file sets; only the services' addresses are the test's own.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedBroker, sharedPostgres } from "../services/shared.ts";
import { ROOT, Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;

interface Service {
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly volumes: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = Bun.YAML.parse(readFileSync(join(ROOT, "deploy", "compose.yaml"), "utf8")) as Compose;

let broker: KafkaBroker;
let postgres: PostgresServer;
beforeAll(async () => {
  broker = await sharedBroker();
  postgres = await sharedPostgres();
}, START_MS_MAX);
afterAll(async () => {
  await broker.remove();
  await postgres.remove();
});

test("every volume is declared, and every service of ours is one of the commands", () => {
  for (const { volumes } of Object.values(compose.services)) {
    for (const volume of volumes) expect(volume).toMatch(/^(home|kafka|postgres|\.\.\/data):\//);
  }
  expect(Object.keys(compose.volumes)).toEqual(["home", "kafka", "postgres"]);
  const ours = Object.entries(compose.services).filter(([, { command }]) => command !== undefined);
  for (const [name, { command }] of ours) expect(command?.[0]).toBe(name);
  expect(ours.map(([name]) => name)).toEqual(["setup", "produce", "process", "consume-kafka", "consume-jdbc"]);
});

test("its steps by hand lead from rating files to rows and anomalies", () => {
  const work = new Workplace();
  const fresh = randomBytes(6).toString("hex");
  const lines = Array.from({ length: 80 }, (_, user) => `2002-09-${10 + (user % 9)},7,${user},5`);
  work.write("input/ratings/1.csv", `date,film_id,user_id,rate\n${lines.join("\n")}\n2003-01-01,7,1,5\n`);
  work.write("input/movie_titles.csv", "7,2001,K-Pax\n");

  /** The file's own variables, moved to where the test's services and folders are. */
  const environment = (service: string): Record<string, string> => {
    const set = Object.entries(compose.services[service].environment).map(([name, value]) => {
      const text = String(value).replace(/\$\{\w+:-(\w*)\}/, "$1");
      return [name, text.replace(/^\/(input|data)/, (_, folder) => work.path(folder))];
    });
    const names = { KAFKA_DATA_TOPIC_NAME: fresh, KAFKA_ANOMALY_TOPIC_NAME: `${fresh}-a`, KAFKA_GROUP_ID: fresh };
    const { user, password } = postgres.administrator;
    return {
      ...Object.fromEntries(set),
      ...names,
      KAFKA_REJECTED_TOPIC_NAME: `${fresh}-r`,
      KAFKA_BOOTSTRAP_SERVERS: broker.brokers,
      JDBC_URL: `jdbc:postgresql://${postgres.host}:${postgres.port}/${fresh}`,
      JDBC_USERNAME: `user-${fresh}`,
      ...(service === "setup" ? { PGUSER: user, PGPASSWORD: password } : {}),
    };
  };
  const step = (service: string, more: readonly string[] = []) =>
    work.succeed((compose.services[service].command ?? []).join(" "), more, environment(service));

  try {
    step("setup");
    step("setup");
    step("produce");
    step("process", ["--once"]);
    const anomalies = step("consume-kafka").stdout;
    expect(anomalies).toStartWith("2002-08-19 00:00:00,2002-09-18 00:00:00,K-Pax,");
    expect(step("consume-jdbc", ["--format", "csv"]).stdout).toContain("K-Pax");
  } finally {
    work.run("cleanup --yes", [], environment("setup"));
    work.remove();
  }
});
