/**
 * Partitions that move from one broker to another of the cluster under a `process`, by the brokers' own tool: it goes
 * on without a restart, and every row, anomaly and rejected line is there once. `TEST_SEED` makes other input.
 */
import { afterAll, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { KafkaBroker } from "../services/kafka.ts";
import { SECOND_BROKER_ID } from "../services/kafka-settings.ts";
import { OwnServices } from "./own-services.ts";
import { PARTITIONS, type ServiceJob } from "./service-job.ts";

const LOOK_AGAIN_MS = 200;
const services = OwnServices.ofThisFile();
let second: KafkaBroker | undefined;
afterAll(async () => {
  await second?.remove();
});

/** Moves all partitions of the job's topics, and waits until the other broker alone has them. */
async function moveAll(job: ServiceJob): Promise<void> {
  const all = Object.values(job.topics).flatMap((topic) => {
    const count = topic === job.topics.ratings ? PARTITIONS : 1;
    return Array.from({ length: count }, (_, partition) => ({ topic, partition, replicas: [SECOND_BROKER_ID] }));
  });
  job.write("moves.json", JSON.stringify({ version: 1, partitions: all }));
  const move = (...what: string[]) =>
    services.broker.tool("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", [
      ...["--bootstrap-server", services.broker.brokers, "--reassignment-json-file", job.path("moves.json"), ...what],
    ]);
  await move("--execute");
  for (let said = ""; said.split("is completed").length <= all.length; said = await move("--verify")) {
    await sleep(LOOK_AGAIN_MS);
  }
  job.second = second;
}

test("all topics' leaders move while a process works: it goes on by itself, and so does the next", async () => {
  const job = services.newJob("A");
  // Only now, or the topics would have been spread over both from the beginning.
  second = await services.broker.startSecond();
  job.sendMore();
  const running = await job.startWorking();
  await job.awaitOracle(running);
  const moving = moveAll(job);
  // Some before, some after, whenever that is.
  job.sendMore();
  await moving;
  await job.expectGoesOn(running);
});
