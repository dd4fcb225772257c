/**
 * What KafkaJS's errors amount to: which pass, so that trying again can help, and which the user must mend. Knows
 * error names and the protocol's error codes (Kafka protocol guide, "Error Codes"); decides nothing else.
 */
import { serviceError, systemErrorCode, UserError } from "../../errors.ts";

/** The protocol's errors that pass by themselves, or when leaders and coordinators are asked for anew. */
const PASSING = new Set([
  "UNKNOWN_TOPIC_OR_PARTITION", // A broker that has just started does not know its topics yet.
  "UNKNOWN_TOPIC_ID", // Nor their ids; `partition-reader.ts` asks whether the topic was made again.
  "INCONSISTENT_TOPIC_ID",
  "LEADER_NOT_AVAILABLE",
  "LISTENER_NOT_FOUND", // The leader is about to start, or to be given the listener that we use.
  "NOT_LEADER_FOR_PARTITION",
  "REQUEST_TIMED_OUT",
  "BROKER_NOT_AVAILABLE",
  "REPLICA_NOT_AVAILABLE",
  "NETWORK_EXCEPTION",
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
  "NOT_ENOUGH_REPLICAS",
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  "NOT_CONTROLLER",
  "CONCURRENT_TRANSACTIONS",
  "KAFKA_STORAGE_ERROR",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "OFFSET_NOT_AVAILABLE",
  "UNSTABLE_OFFSET_COMMIT",
  "OPERATION_NOT_ATTEMPTED", // For another part of the request's sake, whose error is the one that counts.
  "INVALID_REPLICATION_FACTOR", // Brokers that are not there yet; one that asks for too many never passes.
]);

/** KafkaJS's own errors about connections. */
const CONNECTION_ERRORS = new Set([
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSRequestTimeoutError",
  "KafkaJSLockTimeout",
  "KafkaJSTimeout",
  "KafkaJSBrokerNotFound",
  "KafkaJSMetadataNotLoaded",
  "KafkaJSTopicMetadataNotLoaded",
  "KafkaJSGroupCoordinatorNotFound",
]);

/** What KafkaJS says of a broker that others are just connecting to. */
const NOT_CONNECTED = "Broker not connected";

/** Of looking up a host, whose name may hold any words, "ssl" perhaps. */
const LOOKUP_CODES = /^(ENOTFOUND|EAI_)/;

/** What ends a transaction, or the producer under its id, and passes with a new one: with a fence. */
const NEEDS_FENCE = new Set([
  // The id was fenced by another, or its transaction took so long that the broker aborted it: brokers do not say which.
  "INVALID_PRODUCER_EPOCH",
  "PRODUCER_FENCED",
  "TRANSACTION_COORDINATOR_FENCED",
  "INVALID_PRODUCER_ID_MAPPING", // The id was quiet for 7 days (transactional.id.expiration.ms), and is forgotten.
  // The transaction is not in the state that we take it for, or records of it are lost.
  "INVALID_TXN_STATE",
  "TRANSACTION_ABORTABLE",
  "UNKNOWN_PRODUCER_ID",
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "DUPLICATE_SEQUENCE_NUMBER",
]);

/** The error that KafkaJS wrapped, perhaps several times. */
export function rootOf(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error));
  while (root.cause instanceof Error && root.cause !== root) root = root.cause;
  return root;
}

/** The protocol's name of the error, where it is one that a broker answered. */
export function protocolError(error: unknown): string | undefined {
  const { type } = rootOf(error) as { type?: unknown };
  return typeof type === "string" ? type : undefined;
}

/** Whether nothing can go on under the transactional id until it is fenced again. */
export function needsFence(error: unknown): boolean {
  return NEEDS_FENCE.has(protocolError(error) ?? "");
}

/** Whether the user lacks a right. */
export function isNotAllowed(error: unknown): boolean {
  return protocolError(error)?.endsWith("_AUTHORIZATION_FAILED") ?? false;
}

/** Whether no broker coordinates the group or the transactions. */
export function isWithoutCoordinator(error: unknown): boolean {
  const { name } = rootOf(error);
  return name === "KafkaJSGroupCoordinatorNotFound" || protocolError(error) === "GROUP_COORDINATOR_NOT_AVAILABLE";
}

/** Whether trying again can help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UserError || isRefusal(error)) return false;
  const root = rootOf(error);
  const type = protocolError(error);
  if (type !== undefined) return PASSING.has(type);
  if (CONNECTION_ERRORS.has(root.name) || isLostInLogin(root) || root.message === NOT_CONNECTED) return true;
  return /^E[A-Z]+$/.test(systemErrorCode(root) ?? "");
}

/**
 * Whether the other side ended a connection before TLS was agreed on. So does a listener without TLS, and a broker that
 * is just ending or beginning: which of them it is, only whoever was connected before can tell.
 */
export function isLostInHandshake(error: unknown): boolean {
  return /disconnected before secure TLS/.test(rootOf(error).message);
}

/** Whether a request was not answered for so long that its connection counts as lost. */
export function isTimedOut(error: unknown): boolean {
  return rootOf(error).name === "KafkaJSRequestTimeoutError";
}

/** What is wrong, in one line. */
export function reasonOf(error: unknown): string {
  const root = rootOf(error);
  return root.message.replace(/^Connection error: /, "").split("\n")[0] || root.name;
}

/** The error as the user's, exit 3; undefined for what only a bug can cause. */
export function userErrorOf(error: unknown, place: string): UserError | undefined {
  if (error instanceof UserError) return error;
  const reason = reasonOf(error);
  if (isOfLogin(error)) {
    return serviceError(
      `the Kafka brokers ${place} refuse the login: ${reason}`,
      "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM, and whether the brokers want a login " +
        "at all (KAFKA_SECURITY_PROTOCOL)",
      error,
    );
  }
  if (isOfEncryption(error)) {
    return serviceError(
      `no encrypted connection to the Kafka brokers ${place}: ${reason}`,
      "check KAFKA_SECURITY_PROTOCOL, and let KAFKA_SSL_CA_FILE name the certificates to be trusted",
      error,
    );
  }
  if (isNotAllowed(error)) {
    return serviceError(
      `the Kafka brokers ${place} do not allow this: ${reason}`,
      "grant the user what it lacks: reading and writing the topics, the groups and the transactional ids",
      error,
    );
  }
  if (isPassing(error)) {
    return serviceError(
      `the Kafka brokers ${place} cannot be reached, or do not answer: ${reason}`,
      "check KAFKA_BOOTSTRAP_SERVERS (--brokers) and KAFKA_SECURITY_PROTOCOL, and whether the brokers run",
      error,
    );
  }
  if (protocolError(error) !== undefined || rootOf(error).name.startsWith("KafkaJS")) {
    return serviceError(`the Kafka brokers ${place} refuse a request: ${reason}`, "see the brokers' own log", error);
  }
  return undefined;
}

function isRefusal(error: unknown): boolean {
  return isOfLogin(error) || isOfEncryption(error);
}

/** KafkaJS calls all that goes wrong in a login a refusal, and keeps only the words of what it was. */
function isLostInLogin({ name, message }: Error): boolean {
  const words = /closed connection|connection (error|timeout|closed)|not connected|timed out/i;
  return name === "KafkaJSSASLAuthenticationError" && words.test(message);
}

function isOfLogin(error: unknown): boolean {
  const root = rootOf(error);
  const type = protocolError(error);
  return (
    (root.name === "KafkaJSSASLAuthenticationError" && !isLostInLogin(root)) ||
    (type?.startsWith("SASL_") ?? false) ||
    type === "UNSUPPORTED_SASL_MECHANISM" ||
    type === "ILLEGAL_SASL_STATE" // What a listener says that has no logins.
  );
}

function isOfEncryption(error: unknown): boolean {
  const root = rootOf(error);
  if (protocolError(error) !== undefined || LOOKUP_CODES.test(systemErrorCode(root) ?? "")) return false;
  return /certificate|self.signed|altname|\bssl\b|\btls\b/i.test(root.message);
}
