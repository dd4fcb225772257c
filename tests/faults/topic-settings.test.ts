/**
 * Topics and brokers whose settings stand in the way, real: partitions added under a `process`, a lost start, ratings
 * that are kept for less, batches that are too large, transactions that may not take a minute. Each is said plainly,
 * with what to do, and nothing is lost. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from "kafkajs";
import { type Outcome, saidBesideLog } from "../scenarios/workplace.ts";
import { KafkaBroker } from "../services/kafka.ts";
import { OwnServices } from "./own-services.ts";
import { PARTITIONS } from "./service-job.ts";

const services = OwnServices.ofThisFile();
let admin: Admin;
beforeAll(async () => {
  admin = new Kafka({ brokers: [services.broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
});
afterAll(() => admin?.disconnect());

async function setTopic(topic: string, settings: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

function expectSaid(outcome: Outcome, wanted: number, message: string, hint: string): void {
  const [said, advice] = saidBesideLog(outcome);
  expect({ code: outcome.code, said, advice }).toEqual({
    code: wanted,
    said: expect.stringContaining(message),
    advice: expect.stringContaining(hint),
  });
}

test("partitions that are added under a process are exit 4", async () => {
  const job = services.newJob();
  job.sendMore();
  const running = await job.startWorking();
  const topic = job.topics.ratings;
  await admin.createPartitions({ topicPartitions: [{ topic, count: PARTITIONS + 1 }] });
  const message = `the topic ${topic} has ${PARTITIONS + 1} partitions by now, not ${PARTITIONS}`;
  expectSaid(await running.outcome(), 4, message, "setup --drop");
});

test("a first start on a topic that has lost its start is exit 4, and no rebuild is advised", async () => {
  const job = services.newJob();
  job.sendMore();
  job.write("lost.json", JSON.stringify({ partitions: [{ topic: job.topics.ratings, partition: 0, offset: 10 }] }));
  const tool = "org.apache.kafka.tools.DeleteRecordsCommand";
  const { brokers } = services.broker;
  await services.broker.tool(tool, ["--bootstrap-server", brokers, "--offset-json-file", job.path("lost.json")]);
  const outcome = job.run("process --once");
  expectSaid(outcome, 4, `partition 0 of topic ${job.topics.ratings} has lost its start`, "setup --drop");
  expect(outcome.stderr).not.toContain("--rebuild");
});

test.each([
  [{ "retention.ms": "86400000" }, "for 1 days only: set retention.ms=-1"],
  [{ "retention.bytes": "100000000" }, "keeps 100000000 bytes a partition only: set retention.bytes=-1"],
  [{ "cleanup.policy": "compact" }, "is compacted, which leaves one rating a movie: set cleanup.policy=delete"],
])("ratings that are kept for less are warned of: %j", async (settings, warning) => {
  const job = services.newJob();
  await setTopic(job.topics.ratings, { "retention.ms": "-1", ...settings });
  const warned = job
    .succeed("process --once")
    .stderr.split("\n")
    .filter((line) => line.includes(" warn "));
  expect(warned).toEqual([expect.stringContaining(warning)]);
});

test("an output topic that takes no large batch is exit 3; once it does, nothing is lost or doubled", async () => {
  const job = services.newJob();
  const topic = job.topics.anomalies;
  await setTopic(topic, { "max.message.bytes": "500" });
  job.sendMore();
  const outcome = job.run("process --once");
  expectSaid(outcome, 3, `topic ${topic} does not take a batch of`, "raise the topic's max.message.bytes");
  await setTopic(topic, {});
  job.succeed("process --once");
  await job.expectOracle();
});

test("a broker that allows no transaction of a minute is exit 3", async () => {
  const hasty = await KafkaBroker.startOwn({ more: "transaction.max.timeout.ms=30000" });
  try {
    const outcome = services.newJob("C", hasty).run("process --once");
    expectSaid(outcome, 3, "allow no transaction to take 60000 ms", "transaction.max.timeout.ms to 60000");
  } finally {
    await hasty.remove();
  }
});
