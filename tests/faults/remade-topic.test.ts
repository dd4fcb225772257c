/**
 * A topic that is deleted and made again under its readers, on a real broker and a real PostgreSQL: the new one has
 * grown past where they stand before they look again, so that only its id tells it from the old one. They end with exit
 * 4, and take nothing from it. `TEST_SEED` makes other input.
 */
import { expect, test } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { saidBesideLog } from "../scenarios/workplace.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

const services = OwnServices.ofThisFile();

/** Deletes the ratings topic and makes it again, with more ratings in each partition than it had. */
async function remakeRatings(job: ServiceJob): Promise<void> {
  const before = job.ratings();
  const admin = new Kafka({ brokers: [services.broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.deleteTopics({ topics: [job.topics.ratings] });
  await admin.disconnect();
  job.setup();
  for (let times = 0; times < 3; times++) job.sendMore();
  for (const [partition, records] of job.ratings().entries()) {
    expect(records.length).toBeGreaterThan(before[partition].length);
  }
}

async function expectRefused(running: RunningCommand, topic: string, hint: string): Promise<void> {
  const outcome = await running.outcome();
  const [said, advice] = saidBesideLog(outcome);
  expect({ code: outcome.code, said }).toEqual({
    code: 4,
    said: expect.stringContaining(`the topic ${topic} on ${services.broker.brokers} was deleted and made again`),
  });
  expect(advice).toStartWith("hint: ");
  expect(advice).toContain(hint);
}

test("the ratings topic is made again, and longer, under a process: nothing of it is counted", async () => {
  const job = services.newJob("A");
  job.sendMore();
  const running = await job.startWorking();
  await job.awaitOracle(running);
  process.kill(running.pid, "SIGSTOP");
  const left = () => ({ shards: job.shards(), results: job.results() });
  const before = left();
  await remakeRatings(job);
  process.kill(running.pid, "SIGCONT");
  await expectRefused(running, job.topics.ratings, "--rebuild");
  expect(left()).toEqual(before);

  // The next start says so as well, and the hint is good.
  await job.expectRefused(`the topic ${job.topics.ratings} was replaced, cut or put back`, "--rebuild");
  job.succeed("process --once --rebuild");
  expect(job.results()?.rows).toEqual(job.expected().rows);
});

test("a topic is made again, and longer, under a consume-kafka: the next one prints it from its start", async () => {
  const job = services.newJob();
  const command = `consume-kafka --anomaly-topic ${job.topics.ratings}`;
  const lines = () =>
    job
      .ratings()[0]
      .map(({ value }) => `${value}\n`)
      .join("");
  job.sendMore();
  const running = job.start(command);
  // Its commit of them may still be on its way, and then reaches the new topic.
  await running.until("all lines printed", () => running.stdout === lines());
  const printed = running.stdout;

  process.kill(running.pid, "SIGSTOP");
  await remakeRatings(job);
  process.kill(running.pid, "SIGCONT");
  await expectRefused(running, job.topics.ratings, "--from-beginning");
  expect(running.stdout).toBe(printed);
  expect(job.succeed(`${command} --once`).stdout === lines()).toBe(true);
});
