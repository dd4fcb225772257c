/**
 * Offsets of the group that were lost or moved behind our back, by the broker's own tool, on a real broker and a real
 * PostgreSQL. Forgotten ones are made good from what stands on the topics, also while the checkpoint is ahead of them;
 * moved ones are refused with exit 4, and a rebuild sets them right. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { KafkaCutProxy, type Request } from "../services/kafka-cut-proxy.ts";
import { OwnServices } from "./own-services.ts";
import { PARTITIONS, type ServiceJob } from "./service-job.ts";

const services = OwnServices.ofThisFile();
let proxy: KafkaCutProxy;
beforeAll(async () => {
  proxy = await KafkaCutProxy.start(services.broker.brokers);
});
afterAll(async () => {
  proxy?.shut();
});

let job: ServiceJob;

function groupTool(...args: string[]): Promise<string> {
  const main = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
  return services.broker.tool(main, ["--bootstrap-server", services.broker.brokers, "--group", job.group, ...args]);
}

async function committedOffsets(): Promise<(number | undefined)[]> {
  const offsets = await services.broker.consumerGroups(job.group);
  return Array.from({ length: PARTITIONS }, (_, at) => offsets.find(({ partition }) => partition === at)?.offset);
}

function work(): void {
  job.sendMore();
  job.succeed("process --once");
}

test("offsets deleted while nothing is open: nothing to do, and the next epoch commits them again", async () => {
  job = services.newJob();
  work();
  await groupTool("--delete-offsets", "--topic", job.topics.ratings);
  job.succeed("process --once");
  await job.expectOracle();
  work();
  await job.expectOracle();
  expect(await committedOffsets()).toEqual(job.ratings().map((records) => records.length));
});

test.each<[Request, "before" | "after", string]>([
  ["AddPartitionsToTxn", "before", "which the topics lack"],
  ["EndTxn", "after", "which the topics hold, but the log does not know it"],
])(
  "cut off at %s, %s it, and killed: the group deleted, the next start applies an epoch, %s, once",
  async (request, when) => {
    job = services.newJob();
    work();
    proxy.cutAt(request, when, true);
    const cutOff = job.start("process", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
    job.sendMore();
    // Cut off for good, it may have read a part only.
    await cutOff.until("the cut", () => cutOff.stderr.includes("was cut off"));
    await cutOff.end("SIGKILL");
    await proxy.open();
    await groupTool("--delete");

    job.succeed("process --once");
    await job.expectOracle();
    work();
    await job.expectOracle();
  },
);

test("the group deleted after a commit whose answer was lost: the next start finds nothing to do", async () => {
  job = services.newJob();
  work();
  const running = job.start("process", { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers });
  // One line, so one epoch, which puts something out.
  job.write("nonsense/1.csv", "date,film_id,user_id,rate\nno rating\n");
  job.succeed("produce --ratings nonsense");
  await job.awaitOracle(running);
  proxy.cutAt("EndTxn", "after");
  job.succeed("produce --ratings nonsense");
  await running.until("the cut", () => running.stderr.includes("was cut off"));
  await job.awaitOracle(running);
  expect((await running.end("SIGTERM")).code).toBe(0);
  await groupTool("--delete");
  job.succeed("process --once");
  await job.expectOracle();
  work();
  await job.expectOracle();
});

test("offsets reset: refused, whatever they now say; a rebuild puts nothing out twice", async () => {
  job = services.newJob("A");
  work();
  const reset = ["--reset-offsets", "--topic", job.topics.ratings, "--execute"];
  await groupTool(...reset, "--to-earliest");
  const foreign = (offset: number) => `stands at offset ${offset}, with metadata "", written by another client, for`;
  await job.expectRefused(`group ${job.group} ${foreign(0)} partition 0`, "--rebuild");
  job.succeed("process --once --rebuild");
  await job.expectOracle();

  // Even where no offset was changed: who committed it was not us.
  await groupTool(...reset, "--to-current");
  const [end] = job.ratings().map((records) => records.length);
  await job.expectRefused(`group ${job.group} ${foreign(end)} partition 0`, "--rebuild");
  job.sendMore();
  await job.expectRefused(`group ${job.group} ${foreign(end)} partition 0`, "another client uses the group");
  job.succeed("process --once --rebuild");
  await job.expectOracle();
  work();
  await job.expectOracle();
});
