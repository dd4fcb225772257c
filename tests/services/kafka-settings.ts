/**
 * The settings of a test broker: one process that is broker and controller, Kafka's defaults except what a single
 * broker needs, topics that nobody makes by accident, and few partitions of the coordinators' topics, to start fast.
 * Listeners: plain; SASL over TLS; TLS that asks for a client's certificate.
 */
import type { Certificates } from "./kafka-certificates.ts";

/** Of `__consumer_offsets` and of `__transaction_state`. */
export const COORDINATOR_PARTITIONS = 4;

const FIRST_BROKER_ID = 1;
export const SECOND_BROKER_ID = 2;

/** A user for each SASL mechanism, known to that one only. */
export const KAFKA_USERS = {
  PLAIN: { user: "plain-user", password: "plain Pw;='\"ż" },
  "SCRAM-SHA-256": { user: "scram-256-user", password: "scram-256-secret" },
  "SCRAM-SHA-512": { user: "scram-512-user", password: "scram-512-secret" },
} as const;

/** Lines of settings with which a broker asks what a user may do; who comes by the plain listener may do anything. */
export const ACCESS_CONTROL = `authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS`;

export interface Listeners {
  /** `host:port` of each. */
  readonly plain: string;
  readonly sasl: string;
  readonly certificate: string;
  readonly controller: string;
}

const LOGIN_MODULE = "org.apache.kafka.common.security";

/** A text within a JAAS configuration within a properties file. */
function jaasText(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\");
}

/** server.properties. */
export function brokerProperties(
  data: string,
  listeners: Listeners,
  { brokerFile, caFile }: Certificates,
  isTransactional: boolean,
): string {
  const { plain, sasl, certificate, controller } = listeners;
  const { user, password } = KAFKA_USERS.PLAIN;
  const plainLogin = `${LOGIN_MODULE}.plain.PlainLoginModule required user_${user}=${jaasText(password)};`;
  const advertised = `PLAIN://${plain},SASL://${sasl},CERTIFICATE://${certificate}`;
  const properties: Record<string, string | number | boolean> = {
    "process.roles": "broker,controller",
    "node.id": FIRST_BROKER_ID,
    "controller.quorum.voters": `${FIRST_BROKER_ID}@${controller}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    listeners: `${advertised},CONTROLLER://${controller}`,
    "advertised.listeners": advertised,
    "listener.security.protocol.map": "PLAIN:PLAINTEXT,SASL:SASL_SSL,CERTIFICATE:SSL,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    "auto.create.topics.enable": false,
    "offsets.topic.num.partitions": COORDINATOR_PARTITIONS,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": COORDINATOR_PARTITIONS,
    "transaction.state.log.replication.factor": isTransactional ? 1 : 3,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // Of the newer group protocol, in which the console consumer reads: its first partitions come with a heartbeat.
    "group.consumer.heartbeat.interval.ms": 500,
    "group.consumer.min.heartbeat.interval.ms": 500,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": brokerFile,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": caFile,
    "listener.name.certificate.ssl.client.auth": "required",
    "sasl.enabled.mechanisms": Object.keys(KAFKA_USERS).join(","),
    "listener.name.sasl.plain.sasl.jaas.config": plainLogin,
  };
  for (const mechanism of ["scram-sha-256", "scram-sha-512"]) {
    const login = `${LOGIN_MODULE}.scram.ScramLoginModule required;`;
    properties[`listener.name.sasl.${mechanism}.sasl.jaas.config`] = login;
  }
  return propertiesText(properties);
}

/** server.properties of another broker, number 2, of the cluster whose controller is there: the plain listener only. */
export function secondBrokerProperties(data: string, plain: string, controller: string): string {
  return propertiesText({
    "process.roles": "broker",
    "node.id": SECOND_BROKER_ID,
    "controller.quorum.voters": `${FIRST_BROKER_ID}@${controller}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    listeners: `PLAIN://${plain}`,
    "advertised.listeners": `PLAIN://${plain}`,
    "listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    "auto.create.topics.enable": false,
  });
}

/** In ASCII: Java would read what is beyond it as Latin-1. */
export function propertiesText(properties: Record<string, string | number | boolean>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return lines.join("").replace(/[^\x20-\x7e\n]/g, escaped);
}

/** What StorageTool has to be told about the users that it stores. */
export function scramOptions(): string[] {
  return (["SCRAM-SHA-256", "SCRAM-SHA-512"] as const).flatMap((mechanism) => {
    const { user, password } = KAFKA_USERS[mechanism];
    return ["--add-scram", `${mechanism}=[name=${user},password=${password}]`];
  });
}
