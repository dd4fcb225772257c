/**
 * A kill -9 of `process` between every two of its requests that change something on the brokers, in a start and in an
 * epoch, one after another: a proxy lets a request through, or not, and then nothing more, so the place is certain.
 * Each time the next `process` leaves what the oracle says, on a real broker and a real PostgreSQL. `TEST_SEED` makes
 * other input.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, setDefaultTimeout, test } from "bun:test";
import { KafkaBroker } from "../services/kafka.ts";
import { KafkaCutProxy, type Request } from "../services/kafka-cut-proxy.ts";
import { PostgresServer } from "../services/postgres.ts";
import { ServiceJob } from "./service-job.ts";

/** Kafka and PostgreSQL may have to be fetched first. */
setDefaultTimeout(300_000);

/** The fence of a start, then what one epoch's transaction asks for. */
const STEPS: readonly Request[] = [
  "InitProducerId",
  "AddPartitionsToTxn",
  "Produce",
  "AddOffsetsToTxn",
  "TxnOffsetCommit",
  "EndTxn",
];

let broker: KafkaBroker;
let server: PostgresServer;
beforeAll(async () => {
  [broker, server] = await Promise.all([KafkaBroker.startOwn(), PostgresServer.start()]);
});
afterAll(async () => {
  await broker?.remove();
  await server?.remove();
});

let job: ServiceJob;
let proxy: KafkaCutProxy;
beforeEach(async () => {
  proxy = await KafkaCutProxy.start(broker.brokers);
});
afterEach(() => {
  proxy.shut();
  job.remove();
});

describe.each(["A", "C"] as const)("in mode %s, a process killed", (mode) => {
  test("around each step of a start and an epoch is succeeded without loss or doubles", async () => {
    job = new ServiceJob(broker, server, mode);
    for (const step of STEPS) {
      for (const when of ["before", "after"] as const) {
        job.sendMore();
        const cuts = proxy.cuts;
        proxy.cutAt(step, when, true);
        const killed = job.start("process", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
        await killed.until(`the place ${when} ${step}`, () => proxy.cuts > cuts);
        await killed.end("SIGKILL");
        job.succeed("process --once");
        await job.expectOracle();
        await proxy.open();
      }
    }
  });
});
