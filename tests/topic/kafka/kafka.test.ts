/** Topics on a real Kafka broker: the contract. */
import { afterAll, beforeAll } from "bun:test";
import type { KafkaBroker } from "../../services/kafka.ts";
import { sharedBroker } from "../../services/shared.ts";
import { topicContract } from "../contract.ts";
import { kafkaFixture } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker.remove());

topicContract("Kafka topics", async () => kafkaFixture(broker.brokers));
