/**
 * A run's view of a Kafka cluster: where it is and how to get in. Opens connections (`connection.ts`), and says how
 * long one that is lost is waited for: 30 s at a start, then for good.
 */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectEncrypted } from "node:tls";
import { type ISocketFactory, Kafka, type KafkaConfig, logLevel } from "kafkajs";
import type { Surroundings } from "../../command.ts";
import type { Log } from "../../terminal/log.ts";
import { KafkaConnection } from "./connection.ts";
import { isLostInHandshake, isPassing } from "./errors.ts";
import { clusterOf } from "./kafkajs-patch.ts";

/** Brokers that cannot be reached for this long at a start are exit 3. */
const START_PATIENCE_MS = 30_000;
/** One try to connect: a host that drops packets never answers. */
const CONNECT_MS_MAX = 10_000;
/** An answer that takes longer counts as a lost connection. */
const ANSWER_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 15_000;

/** How a record of TLS begins (RFC 8446, 5.1). */
const TLS_ALERT = 21;
const TLS_VERSION_MAJOR = 3;

/** Where the brokers are, and KafkaJS's settings for TLS and SASL. */
export interface KafkaPlace extends Pick<KafkaConfig, "ssl" | "sasl"> {
  readonly brokers: readonly string[];
}

export class KafkaClient {
  /** For messages. */
  readonly place: string;
  readonly surroundings: Surroundings;
  readonly kafka: Kafka;
  #patienceMs = START_PATIENCE_MS;
  #wasConnected = false;

  constructor({ brokers, ssl, sasl }: KafkaPlace, surroundings: Surroundings) {
    this.place = brokers.join(",");
    this.surroundings = surroundings;
    this.kafka = new Kafka({
      clientId: "tidemark",
      brokers: brokers.map(withoutInnerColons),
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
      connectionTimeout: CONNECT_MS_MAX,
      authenticationTimeout: CONNECT_MS_MAX,
      requestTimeout: ANSWER_MS_MAX,
      socketFactory: openSocket,
      // Trying again is `connection.ts`'s: it says what it waits for.
      retry: { retries: 0 },
      logLevel: logLevel.WARN,
      logCreator: () => toDebug(surroundings.log),
    });
  }

  /** How long brokers are waited for. */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  /** Whether the wait for brokers still has a limit, and the signal ends it. */
  get isStarting(): boolean {
    return this.#patienceMs < Number.POSITIVE_INFINITY;
  }

  /** From now on brokers that are lost are waited for, however long that takes: to be called when a start is done. */
  beginWork(): void {
    this.#patienceMs = Number.POSITIVE_INFINITY;
  }

  /** A broker has answered: to be called whenever one has. */
  noteConnected(): void {
    this.#wasConnected = true;
  }

  /** Whether trying again can help after this error. */
  passes(error: unknown): boolean {
    return isPassing(error) || (this.#wasConnected && isLostInHandshake(error));
  }

  /** Connections of its own to the brokers that it is used with: a broker answers each one's requests in order. */
  connection(): KafkaConnection {
    return new KafkaConnection(this, clusterOf(this.kafka));
  }
}

/** As KafkaJS's own, but nothing waits for more to send: 40 ms a request, by the other side's delayed answers. */
const openSocket: ISocketFactory = ({ host: given, port, ssl, onConnect }) => {
  const host = given.startsWith("[") ? given.slice(1, -1).replaceAll("_", ":") : given;
  // A name is sent along for the server to choose its certificate by; an address is none (RFC 6066).
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket: Socket = ssl
    ? connectEncrypted({ host, port, ...name, ...ssl }, onConnect)
    : refuseTls(connectPlain({ host, port }, onConnect));
  // Each request that waits for the connection listens for it: more than ten are no leak to be warned of.
  socket.setMaxListeners(0);
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
};

/** `[::1]:9092` as `[__1]:9092`: KafkaJS takes what stands before the first colon for the host. */
function withoutInnerColons(broker: string): string {
  return broker.replace(/^\[.*\]/, (address) => address.replaceAll(":", "_"));
}

/**
 * A broker that wants TLS answers anything else with an alert and closes: a length to KafkaJS, then a lost connection,
 * which would be waited for. No answer of Kafka's begins with these bytes: it would be one of 352 MB.
 */
function refuseTls(socket: Socket): Socket {
  return socket.once("data", ([type, version]: Uint8Array) => {
    if (type !== TLS_ALERT || version !== TLS_VERSION_MAJOR) return;
    socket.destroy(new Error("they speak TLS, but KAFKA_SECURITY_PROTOCOL does not say so"));
  });
}

/** What KafkaJS says is for finding faults: what matters reaches the user by the errors that it throws. */
function toDebug(log: Log): ReturnType<NonNullable<KafkaConfig["logCreator"]>> {
  return ({ namespace, log: { message } }: Parameters<ReturnType<NonNullable<KafkaConfig["logCreator"]>>>[0]) =>
    log.debug(`kafkajs ${namespace}: ${message}`);
}
