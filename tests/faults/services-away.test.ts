/**
 * Broker and PostgreSQL that go away under a running `process`, connections cut in the middle of a transaction, and one
 * that sleeps there, on real ones: it waits, the log says for what, and it goes on without loss or doubles once they
 * are back. `TEST_SEED` makes other input.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { loginVariables } from "../scenarios/kafka-names.ts";
import { type RunningCommand, waitFor } from "../scenarios/running-command.ts";
import { CutProxy } from "../services/cut-proxy.ts";
import { KafkaCutProxy, type Request } from "../services/kafka-cut-proxy.ts";
import { OwnServices } from "./own-services.ts";
import { PARTITIONS, type ServiceJob } from "./service-job.ts";

/** What one epoch's transaction asks for, in this order. */
const STEPS: readonly Request[] = ["AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"];

const services = OwnServices.ofThisFile();

let job: ServiceJob;
/** At work, with all that was sent so far worked through. */
let running: RunningCommand;

async function begin(mode: "A" | "C", env: Record<string, string> = {}): Promise<void> {
  job = services.newJob(mode);
  job.sendMore();
  running = await job.startWorking(env);
  await job.awaitOracle(running);
}

async function untilMissed(text: string, times = 1): Promise<void> {
  await running.until(`"${text}" in the log`, () => running.stderr.split(text).length > times);
}

test("the broker is stopped, and then killed together with PostgreSQL, and started again under a process", async () => {
  await begin("A");
  for (const [index, end] of (["stop", "kill"] as const).entries()) {
    // Ratings of just before may be worked through before, while or after it goes.
    job.sendMore();
    if (end === "kill") await services.server.stop();
    await services.broker[end]();
    await untilMissed(`waiting for the Kafka brokers ${services.broker.brokers}`, index + 1);
    if (end === "kill") await services.server.startAgain();
    await services.broker.startAgain();
    await untilMissed(`the Kafka brokers ${services.broker.brokers} answer again`, index + 1);
    job.sendMore();
    await job.awaitOracle(running);
  }
  await job.expectGoesOn(running);
});

test("a broker that is not there yet, or ends, while TLS is agreed on is waited for by a process at work", async () => {
  await begin("C", loginVariables(services.broker, "SCRAM-SHA-256"));
  await services.broker.stop();
  // As the listener of a broker that is ending, or has just begun.
  const [host, port] = services.broker.secureBrokers.split(":");
  let connections = 0;
  const ending = createServer((socket) => {
    connections++;
    socket.on("error", () => {});
    socket.once("data", () => socket.destroy());
  });
  await new Promise<void>((resolve) => ending.listen(Number(port), host, resolve));
  try {
    await running.until("connections that ended", () => connections > 5 || running.hasEnded);
    expect(running.hasEnded).toBe(false);
  } finally {
    await new Promise((resolve) => ending.close(resolve));
  }
  await services.broker.startAgain();
  job.sendMore();
  await job.awaitOracle(running);
  await job.expectGoesOn(running);
});

test("PostgreSQL fails over to a standby, which takes no writes before it is promoted", async () => {
  await begin("A");
  await services.server.failOver();
  job.sendMore();
  await untilMissed("to take writes: cannot");
  const setup = job.run(`setup --partitions ${PARTITIONS}`);
  expect([setup.code, setup.stderr]).toEqual([3, expect.stringContaining("name the primary server, not a standby")]);
  services.server.promote();
  await job.awaitOracle(running);
  await job.expectGoesOn(running);
});

test("a broker that owes answers for 30 s is connected to anew: a late answer would meet a buffer in use", async () => {
  const proxy = await KafkaCutProxy.start(services.broker.brokers);
  try {
    await begin("C", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
    proxy.losesFetches = true;
    job.sendMore();
    await running.until("a fetch without an answer", () => proxy.lostFetches > 0);
    const { connections } = proxy;
    await untilMissed("timed out");
    proxy.losesFetches = false;
    await running.until("another connection", () => proxy.connections > connections);
    await job.awaitOracle(running);
    await job.expectGoesOn(running);
  } finally {
    proxy.shut();
  }
});

test("a process sleeps in the middle of a transaction until the broker has aborted it", async () => {
  const proxy = await KafkaCutProxy.start(services.broker.brokers);
  // The broker looks for those that took too long every 10 s.
  proxy.transactionMs = 2_000;
  try {
    await begin("C", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
    const aborted = `for transactionalId tidemark/${job.topics.ratings}`;
    const late = proxy.holdAt("EndTxn", async () => {
      process.kill(running.pid, "SIGSTOP");
      await waitFor("the transaction's end", () => services.broker.log.includes(`ongoing transaction ${aborted}`));
    });
    job.sendMore();
    await late;
    process.kill(running.pid, "SIGCONT");
    await untilMissed("was cut off");
    await job.awaitOracle(running);
    await job.expectGoesOn(running);
  } finally {
    proxy.shut();
  }
});

test("PostgreSQL is stopped and started again under a process", async () => {
  await begin("C");
  await services.server.stop();
  job.sendMore();
  await untilMissed("waiting for database");
  await services.server.startAgain();
  await untilMissed(
    `connected to database ${job.fixture.name} on ${services.server.host}:${services.server.port} again`,
  );
  await job.awaitOracle(running);
  await job.expectGoesOn(running);
});

describe("connections are cut", () => {
  let proxy: KafkaCutProxy;
  beforeEach(async () => {
    proxy = await KafkaCutProxy.start(services.broker.brokers);
  });
  afterEach(() => proxy.shut());

  test("at each step of an epoch's Kafka transaction", async () => {
    await begin("C", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
    let cuts = 0;
    for (const step of STEPS) {
      for (const when of ["before", "after"] as const) {
        proxy.cutAt(step, when);
        job.sendMore();
        await running.until(`a cut ${when} ${step}`, () => proxy.cuts > cuts);
        cuts++;
        await job.awaitOracle(running);
      }
    }
    expect(running.stderr.split("was cut off").length - 1).toBe(cuts);
    await job.expectGoesOn(running);
  });

  test("while a cut-off transaction is settled", async () => {
    await begin("C", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
    proxy.cutAt("EndTxn", "after", true);
    job.sendMore();
    await untilMissed("was cut off");
    await untilMissed(`waiting for the Kafka brokers ${proxy.brokers}`);
    for (const when of ["before", "after"] as const) {
      const cuts = proxy.cuts;
      proxy.cutAt("InitProducerId", when, true);
      await proxy.open();
      await running.until("a cut", () => proxy.cuts > cuts);
    }
    await proxy.open();
    await job.awaitOracle(running);
    await job.expectGoesOn(running);
  });
});

test("the connection is cut before and after an epoch is committed", async () => {
  const proxy = await CutProxy.start(services.server.host, services.server.port);
  try {
    job = services.newJob("A");
    job.sendMore();
    const through = new URL(job.env.JDBC_URL);
    through.port = String(proxy.port);
    through.searchParams.set("sslmode", "disable");
    running = await job.startWorking({ JDBC_URL: through.href });
    await job.awaitOracle(running);
    for (const [index, when] of (["before", "after"] as const).entries()) {
      proxy.cutAt(/COMMIT|apply-small-epoch/, when);
      job.sendMore();
      await untilMissed("lost database", index + 1);
      await job.awaitOracle(running);
    }
    await job.expectGoesOn(running);
  } finally {
    proxy.close();
  }
});
