/**
 * A kill -9 of `process` between every two of its requests that change something on the brokers, in a start and in an
 * epoch, one after another: a proxy lets a request through, or not, and then nothing more, so the place is certain.
 * Each time the next `process` leaves what the oracle says, on a real broker and a real PostgreSQL. `TEST_SEED` makes
 * other input.
 */
import { afterEach, beforeEach, describe, test } from "bun:test";
import { KafkaCutProxy, type Request } from "../services/kafka-cut-proxy.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

/** The fence of a start, then what one epoch's transaction asks for. */
const STEPS: readonly Request[] = [
  "InitProducerId",
  "AddPartitionsToTxn",
  "Produce",
  "AddOffsetsToTxn",
  "TxnOffsetCommit",
  "EndTxn",
];

const services = OwnServices.ofThisFile();

let job: ServiceJob;
let proxy: KafkaCutProxy;
beforeEach(async () => {
  proxy = await KafkaCutProxy.start(services.broker.brokers);
});
afterEach(() => proxy.shut());

describe.each(["A", "C"] as const)("in mode %s, a process killed", (mode) => {
  test("around each step of a start and an epoch is succeeded without loss or doubles", async () => {
    job = services.newJob(mode);
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
