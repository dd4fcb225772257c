/** The test broker itself, by Kafka's own tools: what is written comes back, after every end; who is let in where. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KafkaBroker } from "./kafka.ts";
import { KAFKA_USERS, propertiesFile } from "./kafka-settings.ts";
import { sharedBroker } from "./shared.ts";

/** Maven may have to fetch Kafka first. */
const START_MS_MAX = 300_000;
const TEST_MS = 240_000;
const CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer";
const CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";

let broker: KafkaBroker;
const folder = mkdtempSync(join(tmpdir(), "tidemark-kafka-client-"));
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await broker?.remove();
});

/** The broker is shared. */
function fresh(name: string): string {
  return `${name}.${randomBytes(4).toString("hex")}`;
}

/** A line each: headers, key, value. */
async function produce(to: KafkaBroker, topic: string, lines: string): Promise<void> {
  const parsed = ["parse.key=true", "parse.headers=true", "null.marker=NULL"];
  const options = parsed.flatMap((property) => ["--property", property]);
  await to.tool(CONSOLE_PRODUCER, ["--bootstrap-server", to.brokers, "--topic", topic, ...options], lines);
}

/** A PEM file as the value of a property. */
function pemText(file: string): string {
  return readFileSync(file, "utf8").trim().replaceAll("\n", "\\n");
}

test(
  "records come back with key, headers and offset, and a group has its offsets",
  async () => {
    const topic = fresh("there-and_back");
    await broker.createTopic(topic, 1, { "retention.ms": "-1" });
    await produce(broker, topic, "a:1,b:ż\tkey\tzażółć\nNULL\tNULL\tkeyless\n");
    const records = await broker.consoleConsume(topic);
    expect(records).toMatchObject([
      {
        partition: 0,
        offset: 0,
        key: "key",
        value: "zażółć",
        headers: [
          ["a", "1"],
          ["b", "ż"],
        ],
      },
      { partition: 0, offset: 1, key: null, value: "keyless", headers: [] },
    ]);
    expect(Math.abs(Date.now() - records[0].timestampMs)).toBeLessThan(TEST_MS);

    const group = fresh("readers");
    const place = ["--bootstrap-server", broker.brokers, "--topic", topic];
    await broker.tool(CONSOLE_CONSUMER, [...place, "--group", group, "--from-beginning", "--max-messages", "1"]);
    expect(await broker.consumerGroups(group)).toEqual([{ topic, partition: 0, offset: 1, endOffset: 2 }]);
    expect(await broker.consumerGroups(fresh("nobody"))).toEqual([]);

    await broker.deleteTopic(topic);
    await expect(broker.consoleConsume(topic)).rejects.toThrow("Could not match");
    await expect(broker.deleteTopic(topic)).rejects.toThrow("does not exist");
  },
  TEST_MS,
);

test(
  "records survive a stop and a kill; the broker is on the same ports again, and leaves nothing when it is removed",
  async () => {
    const topic = "survivors";
    const own = await KafkaBroker.startOwn();
    try {
      const { brokers } = own;
      await own.createTopic(topic, 3);
      for (const end of ["stop", "kill"] as const) {
        await produce(own, topic, `NULL\tNULL\tbefore ${end}\n`);
        await own[end]();
        await own.startAgain();
      }
      expect(own.brokers).toBe(brokers);
      const records = await own.consoleConsume(topic);
      expect(records.map(({ value }) => value).sort()).toEqual(["before kill", "before stop"]);
    } finally {
      await own.remove();
    }
    expect(existsSync(own.caFile)).toBe(false);
  },
  TEST_MS,
);

// Of a broker that is not the tests' own, no other listener is known.
test.skipIf(Boolean(process.env.TEST_KAFKA))(
  "the other listeners let in who has a password or a certificate",
  async () => {
    const topics = async (brokers: string, settings: Record<string, string>) => {
      const file = join(folder, "client.properties");
      const trust = { "ssl.truststore.type": "PEM", "ssl.truststore.location": broker.caFile };
      writeFileSync(file, propertiesFile({ ...trust, ...settings }));
      const args = ["--bootstrap-server", brokers, "--command-config", file, "--list"];
      return (await broker.tool("org.apache.kafka.tools.TopicCommand", args)).split("\n");
    };
    const topic = fresh("seen-from-everywhere");
    await broker.createTopic(topic);

    for (const [mechanism, { user, password }] of Object.entries(KAFKA_USERS)) {
      const login = (secret: string) => {
        const quoted = `"${secret.replace(/["\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\");
        const kind = mechanism === "PLAIN" ? "plain.Plain" : "scram.Scram";
        const options = `required username=${user} password=${quoted};`;
        const jaas = `org.apache.kafka.common.security.${kind}LoginModule ${options}`;
        return { "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, "sasl.jaas.config": jaas };
      };
      expect(await topics(broker.secureBrokers, login(password))).toContain(topic);
      await expect(topics(broker.secureBrokers, login("wrong"))).rejects.toThrow("SaslAuthenticationException");
    }

    const certificate = {
      "security.protocol": "SSL",
      "ssl.keystore.type": "PEM",
      "ssl.keystore.certificate.chain": pemText(broker.clientCertificateFile),
      "ssl.keystore.key": pemText(broker.clientKeyFile),
    };
    expect(await topics(broker.certificateBrokers, certificate)).toContain(topic);
    await expect(topics(broker.certificateBrokers, { "security.protocol": "SSL" })).rejects.toThrow(
      "SslAuthentication",
    );
  },
  TEST_MS,
);
