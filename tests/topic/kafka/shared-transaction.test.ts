/** Epochs that share a Kafka transaction, cut off at each of its requests: all of them are there once, in order. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { KafkaBroker } from "../../services/kafka.ts";
import { KafkaCutProxy } from "../../services/kafka-cut-proxy.ts";
import { sharedBroker } from "../../services/shared.ts";
import { epochOf, identity, readAll, TestTopics } from "../fixture.ts";
import { kafkaFixture } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker.remove());

for (const request of ["AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"] as const) {
  test(`cut before and after ${request}`, async () => {
    const proxy = await KafkaCutProxy.start(broker.brokers);
    const topics = new TestTopics(kafkaFixture(proxy.brokers));
    try {
      for (const topic of ["anomalies", "rejected"]) await topics.create(topic);
      const outputs = await topics.outputs();
      await outputs.fence();
      let next = 1;
      for (const when of ["before", "after"] as const) {
        proxy.cutAt(request, when);
        // One without records among them, whose offset still counts.
        await outputs.apply([epochOf(next++, 1, 0), epochOf(next++, 0, 0), epochOf(next++, 1, 1)]);
        // What was committed is sure to be found behind a fence only.
        await outputs.fence();
        expect((await outputs.standings()).get(0)).toEqual(identity(next - 1));
      }
      expect(proxy.cuts).toBe(2);
      const epochsOn = async (topic: string) => {
        return (await readAll(await topics.reader(topic))).map(({ headers }) => Number(headers.epoch));
      };
      expect(await epochsOn("anomalies")).toEqual([1, 3, 4, 6]);
      expect(await epochsOn("rejected")).toEqual([3, 6]);
    } finally {
      await topics.end();
      proxy.shut();
    }
  });
}
