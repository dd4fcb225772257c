/**
 * State that was lost, put back from a copy, or replaced, on a real broker and a real PostgreSQL: each is refused with
 * exit 4 and a hint, nothing changed, or settled as if it had never happened. What was refused, `--rebuild` sets right,
 * and puts nothing out twice. `TEST_SEED` makes other input.
 */
import { describe, expect, test } from "bun:test";
import { cpSync, renameSync, rmSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";
import { Workplace } from "../scenarios/workplace.ts";
import { OwnServices } from "./own-services.ts";
import { PARTITIONS, type ServiceJob } from "./service-job.ts";

const services = OwnServices.ofThisFile();

let job: ServiceJob;

/** A job that has worked twice; `older` is its home after the first time, schema `older` its tables. */
async function workTwice(mode: "A" | "C"): Promise<void> {
  job = services.newJob(mode);
  job.sendMore();
  job.succeed("process --once");
  cpSync(job.path("tidemark-data"), job.path("older"), { recursive: true });
  saveTables("older");
  job.sendMore();
  job.succeed("process --once");
  await job.expectOracle();
}

/** `--rebuild` leaves what was there, once, and a plain start finds nothing more to do. */
async function expectRebuilt(): Promise<void> {
  job.succeed("process --once --rebuild");
  await job.expectOracle();
  job.sendMore();
  job.succeed("process --once");
  await job.expectOracle();
}

/** Keeps what stands in the tables now in a schema of its own. */
function saveTables(schema: string): void {
  const copies = ["movie_ratings", "tidemark_shards"].map((name) => `CREATE TABLE ${schema}.${name} AS TABLE ${name}`);
  job.sql(`CREATE SCHEMA ${schema}; ${copies.join("; ")}`);
}

function putTablesBack(schema: string): void {
  const tables = ["movie_ratings", "tidemark_shards"];
  const changes = tables.map((name) => `DELETE FROM ${name}; INSERT INTO ${name} TABLE ${schema}.${name}`);
  job.sql(`BEGIN; ${changes.join("; ")}; COMMIT`);
}

function replaceCheckpoints(from: string): void {
  rmSync(job.path("tidemark-data", "checkpoints"), { recursive: true });
  cpSync(from, job.path("tidemark-data", "checkpoints"), { recursive: true });
}

async function removeTopic(topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [services.broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

describe("the checkpoint", () => {
  test("is lost, old, or a clone's whose original went on: refused, and set right by a rebuild", async () => {
    await workTwice("A");
    renameSync(job.path("tidemark-data", "checkpoints"), job.path("kept"));
    await job.expectRefused("there is no checkpoint", "--rebuild");
    cpSync(job.path("older", "checkpoints"), job.path("tidemark-data", "checkpoints"), { recursive: true });
    await job.expectRefused("is not in the checkpoint's log", "--rebuild");
    await job.expectRefused("is not in the checkpoint's log", "--rebuild", " --home older");
    // The right one, put back, was harmed by nothing.
    replaceCheckpoints(job.path("kept"));
    job.succeed("process --once");
    await job.expectOracle();

    rmSync(job.path("tidemark-data", "checkpoints"), { recursive: true });
    await expectRebuilt();
  });

  test("and the tables are both put back from a copy, the topics further on: refused", async () => {
    await workTwice("C");
    replaceCheckpoints(job.path("older", "checkpoints"));
    putTablesBack("older");
    await job.expectRefused(`group ${job.group} stands at epoch`, "--rebuild");
    await expectRebuilt();
  });

  test("and the tables are both lost, the topics still there: refused", async () => {
    await workTwice("A");
    rmSync(job.path("tidemark-data", "checkpoints"), { recursive: true });
    job.sql("DELETE FROM movie_ratings; DELETE FROM tidemark_shards");
    await job.expectRefused(`group ${job.group} stands at epoch`, "--rebuild");
    await expectRebuilt();
  });

  test("is another home's: refused, and set right by a rebuild", async () => {
    await workTwice("C");
    const other = new Workplace();
    try {
      // Embedded topics of the same names, in the same group.
      const { JDBC_URL, JDBC_PASSWORD, KAFKA_BOOTSTRAP_SERVERS, ...rest } = job.env;
      other.env = rest;
      cpSync(job.path("sent-0"), other.path("data", "ratings"), { recursive: true });
      other.write("data/movie_titles.csv", "1,2000,One\n");
      other.succeed(`setup --partitions ${PARTITIONS}`);
      other.succeed("produce");
      other.succeed("process --once");
      replaceCheckpoints(other.path("tidemark-data", "checkpoints"));
    } finally {
      other.remove();
    }
    await job.expectRefused("is not in the checkpoint's log", "--rebuild");
    await expectRebuilt();
  });
});

describe("the tables", () => {
  test("put back to a state that the log still reaches: brought up again", async () => {
    await workTwice("A");
    putTablesBack("older");
    job.succeed("process --once");
    await job.expectOracle();
  });

  test("put back to a state of another run, or emptied: refused, and set right by a rebuild", async () => {
    await workTwice("C");
    job.succeed("process --once --rebuild");
    saveTables("present");
    putTablesBack("older");
    await job.expectRefused("is not in the checkpoint's log", "--rebuild");
    job.sql("DELETE FROM movie_ratings; DELETE FROM tidemark_shards");
    await job.expectRefused("the table knows nothing of partition 0", "--rebuild");
    putTablesBack("present");
    job.succeed("process --once");
    await job.expectOracle();

    putTablesBack("older");
    await expectRebuilt();
  });
});

/** Offset and bytes of a rejected line. */
function withoutReason(rejected: string): string {
  return rejected.replace(/^(\d+) \S+ /, "$1 ");
}

describe("the ratings topic, made again,", () => {
  test("is refused while it is shorter; sent again, it is set right by a rebuild", async () => {
    await workTwice("C");
    await removeTopic(job.topics.ratings);
    job.setup();
    await job.expectRefused(`the topic ${job.topics.ratings} was replaced, cut or put back`, "--rebuild");
    // The table was made from more: nothing is overwritten with less.
    await job.expectRefused("but the table was made from", "put the topic back", " --rebuild");

    // The same lines, in batches that bear another time.
    for (const folder of ["sent-0", "sent-1"]) job.succeed(`produce --ratings ${folder}`);
    await job.expectRefused("is not the one that was read", "--rebuild");
    await expectRebuilt();
  });

  test("is refused when it holds other records, and a rebuild takes those", async () => {
    await workTwice("C");
    const before = job.expected();
    await removeTopic(job.topics.ratings);
    job.setup();
    for (let times = 0; times < 3; times++) job.sendMore();
    await job.expectRefused(`the topic ${job.topics.ratings} was replaced, cut or put back`, "--rebuild");

    job.succeed("process --once --rebuild");
    const [expected, found] = [job.expected(), job.results()];
    expect(found?.rows).toEqual(expected.rows);
    // Of other windows: what the topic held stays there before it.
    expect(found?.anomalies).toEqual(before.anomalies.map((old, at) => [...old, ...expected.anomalies[at]]));
    // Where chance put the same bytes at the same offset as before, they stand there already.
    const added = (old: readonly string[], lines: readonly string[]) => {
      const standing = new Set(old.map(withoutReason));
      return lines.filter((line) => !standing.has(withoutReason(line)));
    };
    const rejected = before.rejected.map((old, at) => [...old, ...added(old, expected.rejected[at])]);
    expect(found?.rejected).toEqual(rejected);
  });
});

test.each(["anomalies", "rejected"] as const)(
  "the %s topic, made again, is refused, and filled by a rebuild",
  async (which) => {
    await workTwice("C");
    await removeTopic(job.topics[which]);
    job.setup();
    await job.expectRefused(
      `the topic ${job.topics[which]} on ${services.broker.brokers} ends at offset 0`,
      "--rebuild",
    );
    await expectRebuilt();
  },
);
