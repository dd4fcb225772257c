/**
 * What a broker refuses, or does not have, real as a user meets it: no topic, no host, no login, no transactions; and
 * topics that are deleted under a `process`. Each ends with its exit code, a message and a hint, in time.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { processRatings } from "../../src/commands/process.ts";
import type { UserError } from "../../src/errors.ts";
import { run } from "../commands/run.ts";
import { failureOf } from "../failure.ts";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { type Outcome, saidBesideLog } from "../scenarios/workplace.ts";
import { KafkaBroker } from "../services/kafka.ts";
import { KAFKA_USERS } from "../services/kafka-settings.ts";
import { freePort } from "../services/programs.ts";
import { OwnServices } from "./own-services.ts";
import { ServiceJob } from "./service-job.ts";

/** How much faster time passes for a command whose patience is tried. */
const CLOCK_RATE = 20;
const TOPICS = ["ratings", "anomalies", "rejected"] as const;

const services = OwnServices.ofThisFile();
let admin: Admin;
/** Waits for brokers that are nowhere, from before all other tests. */
let forlorn: { readonly port: number; readonly job: ServiceJob; readonly running: RunningCommand };
/** Each has lost one of its topics. */
const bereft = new Map<string, { readonly job: ServiceJob; readonly running: RunningCommand }>();
beforeAll(async () => {
  admin = new Kafka({ brokers: [services.broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();

  const port = await freePort();
  const patient = new ServiceJob(services.broker, services.server);
  const running = patient.start("process --once", { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${port}` });
  forlorn = { port, job: patient, running };
  for (const which of TOPICS) {
    const loser = new ServiceJob(services.broker, services.server);
    loser.sendMore();
    bereft.set(which, { job: loser, running: await loser.startWorking() });
    await admin.deleteTopics({ topics: [loser.topics[which]] });
    // Its epoch wants to be put on the topics.
    if (which !== "ratings") loser.sendMore();
  }
});
afterAll(async () => {
  for (const { job: started, running } of [forlorn, ...bereft.values()]) {
    if (!running.hasEnded) await running.end("SIGKILL");
    started.remove();
  }
  await admin?.disconnect();
});

let job: ServiceJob;

/** Two lines after what was logged, and no stack. */
function expectSaid(outcome: Outcome, wanted: 2 | 3 | 4, message: string, hint: string): void {
  const { code, stdout } = outcome;
  const [said, advice, ...more] = saidBesideLog(outcome);
  expect({ code, stdout, said }).toEqual({ code: wanted, stdout: "", said: expect.stringContaining(message) });
  expect(advice).toStartWith("hint: ");
  expect(advice).toContain(hint);
  expect(more).toEqual([""]);
}

/** `process` in this very process, under a clock that hurries. */
async function failureInHurry(of: ServiceJob, env: Record<string, string>): Promise<UserError> {
  const began = Date.now();
  const now = () => began + (Date.now() - began) * CLOCK_RATE;
  const places = { TIDEMARK_HOME: of.path("tidemark-data"), INPUT_FILE_PATH: of.path("data/movie_titles.csv") };
  const options = { now, env: { ...of.env, ...places, ...env } };
  return failureOf(() => run("process", processRatings, ["--once"], options));
}

test.each([...TOPICS])("no topic of %s at the start is exit 2", (which) => {
  job = services.newJob();
  const variable = { ratings: "DATA", anomalies: "ANOMALY", rejected: "REJECTED" }[which];
  const outcome = job.run("process --once", [], { [`KAFKA_${variable}_TOPIC_NAME`]: "never-made" });
  expectSaid(outcome, 2, `there is no topic never-made on ${services.broker.brokers}`, "tidemark setup");
  expect(job.shards()).toEqual([]);
});

test.each(Object.entries(KAFKA_USERS))(
  "a wrong password is exit 3 at once, by %s; the right one is taken",
  async (mechanism, { user, password }) => {
    job = services.newJob();
    job.sendMore();
    const env = {
      KAFKA_BOOTSTRAP_SERVERS: services.broker.secureBrokers,
      KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
      KAFKA_SSL_CA_FILE: services.broker.caFile,
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: user,
    };
    const outcome = job.run("process --once", [], { ...env, KAFKA_SASL_PASSWORD: `${password}!` });
    expectSaid(
      outcome,
      3,
      `the Kafka brokers ${services.broker.secureBrokers} refuse the login`,
      "KAFKA_SASL_PASSWORD",
    );
    // At once: it was not waited for.
    expect(outcome.stderr).not.toContain("waiting for");
    job.succeed("process --once", [], { ...env, KAFKA_SASL_PASSWORD: password });
    await job.expectOracle();
  },
);

test("an unknown host is exit 3 after the patience of a start", async () => {
  job = services.newJob();
  const brokers = "no-such-host.invalid:9092";
  const { exitCode, message, hint } = await failureInHurry(job, { KAFKA_BOOTSTRAP_SERVERS: brokers });
  expect(exitCode).toBe(3);
  expect(message).toContain(`the Kafka brokers ${brokers} cannot be reached`);
  expect(hint).toContain("KAFKA_BOOTSTRAP_SERVERS");
});

test("a broker that takes no transactions is exit 3 after the patience of a start", async () => {
  const plain = await KafkaBroker.startOwn({ isTransactional: false });
  try {
    job = services.newJob("C", plain);
    job.sendMore();
    const { exitCode, message, hint } = await failureInHurry(job, {});
    expect(exitCode).toBe(3);
    expect(message).toContain(`the Kafka brokers ${plain.brokers} take no transactions`);
    expect(hint).toContain("transaction.state.log.replication.factor");
  } finally {
    await plain.remove();
  }
});

// These two wait for what was begun before all others.
test.each([...TOPICS])("the topic of %s deleted under a process is exit 4", async (which) => {
  const { job: loser, running } = bereft.get(which) as NonNullable<ReturnType<typeof bereft.get>>;
  const topic = loser.topics[which];
  expectSaid(
    await running.outcome(),
    4,
    `the topic ${topic} is gone from ${services.broker.brokers}`,
    "tidemark setup",
  );
});

test("a port on which nothing listens is exit 3 after the patience of a start", async () => {
  const place = `127.0.0.1:${forlorn.port}`;
  const outcome = await forlorn.running.outcome();
  expectSaid(outcome, 3, `the Kafka brokers ${place} cannot be reached`, "KAFKA_BOOTSTRAP_SERVERS");
  expect(outcome.stderr).toContain(`waiting for the Kafka brokers ${place}`);
});
