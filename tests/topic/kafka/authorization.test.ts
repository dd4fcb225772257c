/** What outputs say to a user who may not do all that they need, on a real broker that asks: exit 3, at once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from "kafkajs";
import { KafkaOutputs } from "../../../src/topic/kafka/outputs.ts";
import { failureOf } from "../../failure.ts";
import { KafkaBroker } from "../../services/kafka.ts";
import { ACCESS_CONTROL, KAFKA_USERS } from "../../services/kafka-settings.ts";
import { epochOf } from "../fixture.ts";
import { testClient } from "../kafka-fixture.ts";

const START_MS_MAX = 120_000;
/** Far less than the 30 s for which brokers are waited for at a start. */
const AT_ONCE_MS = 10_000;
const NOT_ALLOWED = { exitCode: 3, message: expect.stringContaining("do not allow this: ") };
const { TOPIC, GROUP, TRANSACTIONAL_ID } = AclResourceTypes;
const { READ, WRITE } = AclOperationTypes;
const { user, password } = KAFKA_USERS.PLAIN;

let broker: KafkaBroker;
let admin: Admin;
let outputs: KafkaOutputs;
beforeAll(async () => {
  broker = await KafkaBroker.startOwn({ more: ACCESS_CONTROL });
  admin = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: ["ratings", "anomalies", "rejected"].map((topic) => ({ topic })) });
  await allow(TOPIC, READ);
  await allow(GROUP, READ);
  const client = testClient({
    brokers: [broker.secureBrokers],
    ssl: { ca: readFileSync(broker.caFile, "utf8") },
    sasl: { mechanism: "plain", username: user, password },
  });
  const places = { anomalyTopic: "anomalies", rejectedTopic: "rejected", partitions: 1 };
  outputs = new KafkaOutputs(client, {
    ...places,
    source: { group: "group", topic: "ratings" },
    checkHeld: async () => {},
  });
}, START_MS_MAX);
afterAll(async () => {
  await outputs?.close();
  await admin?.disconnect();
  await broker?.remove();
});

function aclOf(resourceType: AclResourceTypes, operation: AclOperationTypes, resourceName = "*") {
  const who = { principal: `User:${user}`, host: "*", permissionType: AclPermissionTypes.ALLOW };
  return { ...who, resourceType, operation, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL };
}

async function allow(...what: Parameters<typeof aclOf>): Promise<void> {
  await admin.createAcls({ acl: [aclOf(...what)] });
}

test(
  "no transactional ids",
  async () => {
    expect(await failureOf(() => outputs.fence())).toMatchObject(NOT_ALLOWED);
  },
  AT_ONCE_MS,
);

// Brokers name the topics of an answer in an order of their own.
test.each([["anomalies"], ["rejected"]])(
  "of the outputs no writing but to %s",
  async (topic) => {
    await allow(TRANSACTIONAL_ID, WRITE);
    await allow(TOPIC, WRITE, topic);
    await outputs.fence();
    expect(await failureOf(() => outputs.apply([epochOf(1, 1, 1)]))).toMatchObject(NOT_ALLOWED);
    await admin.deleteAcls({ filters: [aclOf(TOPIC, WRITE, topic)] });
  },
  AT_ONCE_MS,
);
