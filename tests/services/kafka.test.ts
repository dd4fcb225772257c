/** The test broker itself, by Kafka's own tools: what is written comes back, over every listener and after every end. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KafkaBroker } from "./kafka.ts";
import { KAFKA_USERS } from "./kafka-settings.ts";

/** Maven may have to fetch Kafka first. */
const START_MS_MAX = 300_000;
const TEST_MS = 120_000;
const CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer";
const CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";

let broker: KafkaBroker;
const folder = mkdtempSync(join(tmpdir(), "tidemark-kafka-client-"));
beforeAll(async () => {
  broker = await KafkaBroker.startOwn();
}, START_MS_MAX);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await broker?.remove();
});

/** A line each: headers, key, value. */
async function produce(topic: string, lines: string): Promise<void> {
  const parsed = ["parse.key=true", "parse.headers=true", "null.marker=NULL"];
  const options = parsed.flatMap((property) => ["--property", property]);
  await broker.tool(CONSOLE_PRODUCER, ["--bootstrap-server", broker.brokers, "--topic", topic, ...options], lines);
}

/** A PEM file as the value of a property. */
function pemText(file: string): string {
  return readFileSync(file, "utf8").trim().replaceAll("\n", "\\n");
}

test(
  "records come back with key, headers and offset, and a group has its offsets",
  async () => {
    const topic = "records.there-and_back";
    await broker.createTopic(topic, 1, { "retention.ms": "-1" });
    await produce(topic, "a:1,b:ż\tkey\tzażółć\nNULL\tNULL\tkeyless\n");
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

    const place = ["--bootstrap-server", broker.brokers, "--topic", topic];
    await broker.tool(CONSOLE_CONSUMER, [...place, "--group", "readers", "--from-beginning", "--max-messages", "1"]);
    expect(await broker.consumerGroups("readers")).toEqual([{ topic, partition: 0, offset: 1, endOffset: 2 }]);
    expect(await broker.consumerGroups("nobody")).toEqual([]);

    await broker.deleteTopic(topic);
    await expect(broker.deleteTopic(topic)).rejects.toThrow("does not exist");
  },
  TEST_MS,
);

test(
  "records survive a stop and a kill; the broker is on the same ports again",
  async () => {
    const topic = "survivors";
    const { brokers } = broker;
    await broker.createTopic(topic, 3);
    for (const end of ["stop", "kill"] as const) {
      await produce(topic, `NULL\tNULL\tbefore ${end}\n`);
      await broker[end]();
      await broker.startAgain();
    }
    expect(broker.brokers).toBe(brokers);
    const records = await broker.consoleConsume(topic);
    expect(records.map(({ value }) => value).sort()).toEqual(["before kill", "before stop"]);
  },
  TEST_MS,
);

test(
  "the other listeners let in who has a password or a certificate",
  async () => {
    const topics = async (brokers: string, settings: Record<string, string>) => {
      const file = join(folder, "client.properties");
      const trust = { "ssl.truststore.type": "PEM", "ssl.truststore.location": broker.caFile };
      const lines = Object.entries({ ...trust, ...settings });
      writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(""));
      const args = ["--bootstrap-server", brokers, "--command-config", file, "--list"];
      return (await broker.tool("org.apache.kafka.tools.TopicCommand", args)).split("\n");
    };
    const topic = "seen-from-everywhere";
    await broker.createTopic(topic);

    for (const [mechanism, { user, password }] of Object.entries(KAFKA_USERS)) {
      const login = (secret: string) => {
        const quoted = `"${secret.replace(/["\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\");
        const kind = mechanism === "PLAIN" ? "plain.Plain" : "scram.Scram";
        const jaas = `org.apache.kafka.common.security.${kind}LoginModule required username=${user} password=${quoted};`;
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

test(
  "a broker that is removed leaves nothing",
  async () => {
    const brief = await KafkaBroker.startOwn();
    const made = join(brief.caFile, "..");
    expect(existsSync(made)).toBe(true);
    await brief.remove();
    expect(existsSync(made)).toBe(false);
  },
  TEST_MS,
);
