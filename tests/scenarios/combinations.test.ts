/**
 * The whole job, as a user runs it, wherever its topics and its table are: each of Kafka and embedded topics with each
 * of PostgreSQL and SQLite, on awkward input, in several partitions. Every row, anomaly, rejected line and total
 * against the naive oracle, read by other clients than ours. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import type { OracleResult } from "../oracle.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import type { PostgresServer } from "../services/postgres.ts";
import { sharedBroker, sharedPostgres } from "../services/shared.ts";
import { type TitlesFile, writeAwkwardInput, writeTitles } from "./awkward-input.ts";
import { differences, expectedOf, expectOutputs, flagsOf, type Job, newestRows, totalsOf } from "./expectation.ts";
import { KafkaTopics, PostgresTable } from "./served-places.ts";
import { Workplace } from "./workplace.ts";

const SEED = Number(process.env.TEST_SEED ?? 7);
const SAMPLE_ROWS = 5000;
/** Kafka and PostgreSQL may have to be installed first. */
const START_MS_MAX = 600_000;
const TEST_MS = 120_000;

const input = new Workplace();
const workplaces = [input];
let titlesText = "";
let broker: KafkaBroker;
let server: PostgresServer;
beforeAll(async () => {
  console.log(`TEST_SEED=${SEED}`);
  titlesText = writeAwkwardInput(input, SEED, SAMPLE_ROWS);
  [broker, server] = await Promise.all([sharedBroker(), sharedPostgres()]);
}, START_MS_MAX);
afterAll(async () => {
  for (const work of workplaces) work.remove();
  await broker?.remove();
  await server?.remove();
});

interface Combination {
  readonly topics: "Kafka" | "embedded";
  readonly table: "PostgreSQL" | "SQLite";
}
const KAFKA_POSTGRES: Combination = { topics: "Kafka", table: "PostgreSQL" };
const KAFKA_SQLITE: Combination = { topics: "Kafka", table: "SQLite" };
const EMBEDDED_POSTGRES: Combination = { topics: "embedded", table: "PostgreSQL" };
const EMBEDDED_SQLITE: Combination = { topics: "embedded", table: "SQLite" };

const MANY_ANOMALIES: Job = { mode: "A", days: 2, minCount: 1, minMean: 2 };
const LONG_WINDOWS: Job = { mode: "A", days: 30, minCount: 5, minMean: 3 };
const EVERY_DAY: Job = { mode: "C", days: 1, minCount: 1, minMean: 3 };
const FEW_ANOMALIES: Job = { mode: "C", days: 30, minCount: 10, minMean: 3.6 };

const RUNS: readonly [Combination, number, Job, TitlesFile][] = [
  [KAFKA_POSTGRES, 3, MANY_ANOMALIES, "windows-1250 with header"],
  [KAFKA_POSTGRES, 1, FEW_ANOMALIES, "latin-1"],
  [KAFKA_SQLITE, 1, LONG_WINDOWS, "utf-8 marked"],
  [KAFKA_SQLITE, 4, EVERY_DAY, "latin-1 with header"],
  [EMBEDDED_POSTGRES, 4, LONG_WINDOWS, "utf-8 with header"],
  [EMBEDDED_POSTGRES, 2, EVERY_DAY, "utf-8 marked"],
  [EMBEDDED_SQLITE, 3, MANY_ANOMALIES, "latin-1"],
  [EMBEDDED_SQLITE, 2, FEW_ANOMALIES, "utf-8 with header"],
];

test.each(RUNS)(
  "%j, partitions: %d, %j",
  async (combination, partitions, job, titlesFile) => {
    const topics = combination.topics === "Kafka" ? new KafkaTopics(broker, partitions) : undefined;
    const table = combination.table === "PostgreSQL" ? new PostgresTable(server) : undefined;
    const work = new Workplace({ topics, table });
    workplaces.push(work);
    cpSync(input.path("data"), work.path("data"), { recursive: true });
    const titles = writeTitles(work, titlesText, titlesFile);

    work.succeed("setup", [], { KAFKA_PARTITIONS: String(partitions) });
    expect(work.succeed("produce").stdout).toBe("");
    const { stdout, stderr } = work.succeed(`process --drain ${flagsOf(job)}`);
    expect(stdout).toBe("");
    const printed = work.succeed("consume-kafka --once").stdout;
    expect(work.succeed("consume-kafka --once").stdout).toBe("");

    const left = await work.left();
    const expected = expectedOf(left.ratings, job, titles);
    expectOutputs(left, left.ratings, expected);
    for (const line of totalsOf(expected)) expect(stderr).toContain(`info  ${line}\n`);
    expectWorthIt(expected, job);
    const anomalies = left.anomalies.map(({ value }) => `${value}\n`);
    expect(differences(printed.split(/(?<=\n)/), anomalies)).toEqual([]);
    const shown = work.succeed("consume-jdbc --once --format json --limit 20").stdout;
    expect(JSON.parse(shown)).toEqual(newestRows(expected, 20));
    await topics?.expectAllConsumed();

    work.succeed("cleanup --yes");
    expect(work.contents()).toEqual({});
    expect(table?.exists).not.toBe(true);
  },
  TEST_MS,
);

/** Without these the input would not be what the test is for. */
function expectWorthIt({ totals, anomalies }: OracleResult, { mode }: Job): void {
  expect(Math.min(...totals.map(({ read }) => read))).toBeGreaterThan(1000);
  const sum = (of: (part: OracleResult["totals"][number]) => number) => totals.reduce((all, part) => all + of(part), 0);
  expect(sum(({ rejectedByReason }) => rejectedByReason.malformed)).toBeGreaterThan(1000);
  expect(sum(({ rejectedByReason }) => rejectedByReason.future)).toBe(2);
  expect(sum(({ partlyLate }) => partlyLate)).toBeGreaterThan(100);
  if (mode === "C") expect(sum(({ rejectedByReason }) => rejectedByReason.late)).toBeGreaterThan(100);
  expect(anomalies.flat().length).toBeGreaterThan(10);
}
