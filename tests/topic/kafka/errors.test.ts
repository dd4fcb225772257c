/**
 * What each error that a broker may answer to our requests leads to, by its number in the protocol. Some requests know
 * better: an offset out of range and a topic that is gone are exit 4, what is there or gone already is as wanted, and
 * a sequence that a `produce` sent before counts as sent (tests of readers, writers and administrators).
 */
import { expect, test } from "bun:test";
import { KafkaJSConnectionError, KafkaJSSASLAuthenticationError } from "kafkajs";
import { createErrorFromCode } from "kafkajs/src/protocol/error.js";
import "../../../src/topic/kafka/kafkajs-patch.ts";
import { isPassing, needsFence, protocolError, userErrorOf } from "../../../src/topic/kafka/errors.ts";

/** Waited for, with leaders and coordinators asked for anew; at a start, 30 s. */
const WAIT = "wait";
/** In a transaction: the id is fenced anew if our claim holds (else exit 4), and the committed offset decides. */
const FENCE = "fence anew";
const NOT_ALLOWED = "exit 3: the Kafka brokers HERE do not allow this";
const REFUSED_LOGIN = "exit 3: the Kafka brokers HERE refuse the login";
const REFUSED = "exit 3: the Kafka brokers HERE refuse a request";

test.each<[number, string, string]>([
  [-1, "UNKNOWN", REFUSED],
  [1, "OFFSET_OUT_OF_RANGE", REFUSED],
  [2, "CORRUPT_MESSAGE", REFUSED],
  [3, "UNKNOWN_TOPIC_OR_PARTITION", WAIT],
  [5, "LEADER_NOT_AVAILABLE", WAIT],
  [6, "NOT_LEADER_FOR_PARTITION", WAIT],
  [7, "REQUEST_TIMED_OUT", WAIT],
  [8, "BROKER_NOT_AVAILABLE", WAIT],
  [9, "REPLICA_NOT_AVAILABLE", WAIT],
  [10, "MESSAGE_TOO_LARGE", REFUSED],
  [12, "OFFSET_METADATA_TOO_LARGE", REFUSED],
  [13, "NETWORK_EXCEPTION", WAIT],
  [14, "GROUP_LOAD_IN_PROGRESS", WAIT], // COORDINATOR_LOAD_IN_PROGRESS by now.
  [15, "GROUP_COORDINATOR_NOT_AVAILABLE", WAIT],
  [16, "NOT_COORDINATOR_FOR_GROUP", WAIT],
  [17, "INVALID_TOPIC_EXCEPTION", REFUSED],
  [18, "RECORD_LIST_TOO_LARGE", REFUSED],
  [19, "NOT_ENOUGH_REPLICAS", WAIT],
  [20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", WAIT],
  [24, "INVALID_GROUP_ID", REFUSED],
  [25, "UNKNOWN_MEMBER_ID", REFUSED],
  [28, "INVALID_COMMIT_OFFSET_SIZE", REFUSED],
  [29, "TOPIC_AUTHORIZATION_FAILED", NOT_ALLOWED],
  [30, "GROUP_AUTHORIZATION_FAILED", NOT_ALLOWED],
  [31, "CLUSTER_AUTHORIZATION_FAILED", NOT_ALLOWED],
  [32, "INVALID_TIMESTAMP", REFUSED],
  [33, "UNSUPPORTED_SASL_MECHANISM", REFUSED_LOGIN],
  [34, "ILLEGAL_SASL_STATE", REFUSED_LOGIN],
  [35, "UNSUPPORTED_VERSION", REFUSED],
  [37, "INVALID_PARTITIONS", REFUSED],
  [38, "INVALID_REPLICATION_FACTOR", WAIT],
  [40, "INVALID_CONFIG", REFUSED],
  [41, "NOT_CONTROLLER", WAIT],
  [42, "INVALID_REQUEST", REFUSED],
  [44, "POLICY_VIOLATION", REFUSED],
  [45, "OUT_OF_ORDER_SEQUENCE_NUMBER", FENCE],
  [46, "DUPLICATE_SEQUENCE_NUMBER", FENCE],
  [47, "INVALID_PRODUCER_EPOCH", FENCE],
  [48, "INVALID_TXN_STATE", FENCE],
  [49, "INVALID_PRODUCER_ID_MAPPING", FENCE],
  [50, "INVALID_TRANSACTION_TIMEOUT", REFUSED],
  [51, "CONCURRENT_TRANSACTIONS", WAIT],
  [52, "TRANSACTION_COORDINATOR_FENCED", FENCE],
  [53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", NOT_ALLOWED],
  [55, "OPERATION_NOT_ATTEMPTED", WAIT],
  [56, "KAFKA_STORAGE_ERROR", WAIT],
  [58, "SASL_AUTHENTICATION_FAILED", REFUSED_LOGIN],
  [59, "UNKNOWN_PRODUCER_ID", FENCE],
  [68, "NON_EMPTY_GROUP", REFUSED],
  [72, "LISTENER_NOT_FOUND", WAIT],
  [73, "TOPIC_DELETION_DISABLED", REFUSED],
  [74, "FENCED_LEADER_EPOCH", WAIT],
  [75, "UNKNOWN_LEADER_EPOCH", WAIT],
  [76, "UNSUPPORTED_COMPRESSION_TYPE", REFUSED],
  [78, "OFFSET_NOT_AVAILABLE", WAIT],
  [87, "INVALID_RECORD", REFUSED],
  [88, "UNSTABLE_OFFSET_COMMIT", WAIT],
  // Newer than KafkaJS. THROTTLING_QUOTA_EXCEEDED (89) is answered to newer requests than ours only.
  [90, "PRODUCER_FENCED", FENCE],
  [100, "UNKNOWN_TOPIC_ID", WAIT],
  [103, "INCONSISTENT_TOPIC_ID", WAIT],
  [120, "TRANSACTION_ABORTABLE", FENCE],
])("%d, %s: %s", (code, name, outcome) => {
  const error = createErrorFromCode(code);
  const { exitCode, message = "" } = userErrorOf(error, "HERE") ?? {};
  const found = isPassing(error) ? WAIT : needsFence(error) ? FENCE : `exit ${exitCode}: ${message.split(": ")[0]}`;
  expect([protocolError(error), found]).toEqual([name, outcome]);
});

/** KafkaJS's types do not know what its errors are made of. */
function made(kind: typeof KafkaJSConnectionError | typeof KafkaJSSASLAuthenticationError, ...of: unknown[]): Error {
  return Reflect.construct(kind, of);
}

test.each([
  [
    "a host that cannot be looked up, whatever its name",
    made(KafkaJSConnectionError, "Connection error: getaddrinfo ENOTFOUND kafka-ssl-0", { code: "ENOTFOUND" }),
    WAIT,
  ],
  ["a broker that others are just connecting to", new Error("Broker not connected"), WAIT],
  [
    "a listener without TLS",
    made(
      KafkaJSConnectionError,
      "Connection error: Client network socket disconnected before secure TLS connection was established",
      { code: "ECONNRESET" },
    ),
    "exit 3: no encrypted connection to the Kafka brokers HERE",
  ],
  [
    "a connection without trust",
    made(KafkaJSConnectionError, "Connection error: self signed certificate", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    "exit 3: no encrypted connection to the Kafka brokers HERE",
  ],
  ...["Closed connection", "Connection error: read ECONNRESET", "Request SaslAuthenticate timed out"].map(
    (words): [string, Error, string] => [
      `a login that was under way: ${words}`,
      made(KafkaJSSASLAuthenticationError, `SASL SCRAM SHA256 authentication failed: ${words}`),
      WAIT,
    ],
  ),
  [
    "a wrong password",
    made(KafkaJSSASLAuthenticationError, "SASL PLAIN authentication failed: Authentication failed: Invalid username"),
    REFUSED_LOGIN,
  ],
])("%s", (_, error, outcome) => {
  const { exitCode, message = "" } = userErrorOf(error, "HERE") ?? {};
  expect(isPassing(error) ? WAIT : `exit ${exitCode}: ${message.split(": ")[0]}`).toBe(outcome);
});
