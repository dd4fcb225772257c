/**
 * Another program's transaction on an output topic, left open: it hides all that was committed behind it from readers
 * of committed records. Whoever must know what stands there waits for its end, and puts nothing out twice.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { JavaClient, type JavaProducer } from "../services/java-client.ts";
import { KafkaCutProxy } from "../services/kafka-cut-proxy.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

const services = OwnServices.ofThisFile();
let proxy: KafkaCutProxy;
let client: JavaClient;
beforeAll(async () => {
  proxy = await KafkaCutProxy.start(services.broker.brokers);
  client = new JavaClient(services.broker.brokers);
});
afterAll(async () => {
  proxy?.shut();
  await client?.close();
});

let job: ServiceJob;
let other: JavaProducer;
beforeEach(async () => {
  job = services.newJob();
  job.sendMore();
  job.succeed("process --once");
  other = await client.producer({ transactionalId: `other-${job.group}` });
  await other.begin();
  for (const topic of [job.topics.anomalies, job.topics.rejected]) await other.send({ topic, value: "another's" });
  await other.flush();
});

/** Ends the transaction when the start says that it waits. */
async function expectWaits(starting: RunningCommand): Promise<void> {
  await starting.until("the wait", () => starting.stderr.includes("open transaction hides the topic"));
  await other.abort();
  expect((await starting.outcome()).code).toBe(0);
  await job.expectOracle();
}

test("a rebuild waits for what it hides", async () => {
  job.sendMore();
  job.succeed("process --once");
  await expectWaits(job.start("process --once --rebuild"));
});

test("a start whose group was forgotten waits for the epoch that may stand behind it", async () => {
  proxy.cutAt("EndTxn", "after", true);
  const cutOff = job.start("process", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
  job.sendMore();
  await cutOff.until("the cut", () => cutOff.stderr.includes("was cut off"));
  await cutOff.end("SIGKILL");
  await proxy.open();
  const main = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
  const { brokers } = services.broker;
  await services.broker.tool(main, ["--bootstrap-server", brokers, "--group", job.group, "--delete"]);
  await expectWaits(job.start("process --once"));
});
