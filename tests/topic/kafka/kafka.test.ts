/** Topics on a real Kafka broker: the contract. */
import { afterAll, beforeAll } from "bun:test";
import { KafkaBroker as Broker, type KafkaBroker } from "../../services/kafka.ts";
import { topicContract } from "../contract.ts";
import { kafkaFixture } from "../kafka-fixture.ts";

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await Broker.start();
}, 120_000);
afterAll(async () => {
  await broker.remove();
});

topicContract("Kafka topics", async () => kafkaFixture(broker.brokers));
