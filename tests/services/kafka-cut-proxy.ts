/**
 * Stands between clients and a test broker on 127.0.0.1, and cuts all connections at a request of one kind: before the
 * broker gets it, or once it has answered but before the client hears of that. Answers name the proxy where the broker
 * names itself, so clients stay with it. Can be shut, so that nothing listens, and opened again; or frozen. Can hold
 * back a request, shorten transactions, and stand for a broker of before topics had ids. Plain TCP.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./programs.ts";

/** Kafka protocol guide, "API keys". */
export const API_KEYS = {
  Produce: 0,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const;

export type Request = keyof typeof API_KEYS;

interface Cut {
  readonly request: Request;
  readonly when: "before" | "after";
  /** Whether nobody gets in after the cut, until `open`. */
  readonly shut: boolean;
}

const FETCH = 1;
const METADATA = 3;
const API_VERSIONS = 18;
/** The newest that Kafka 2.7 knows, by API key. */
const VERSIONS_WITHOUT_IDS = new Map([
  [FETCH, 12],
  [METADATA, 9],
]);

const HOST = "127.0.0.1";
const LENGTH_BYTES = 4;
const LISTEN_TRIES_MAX = 100;
const LISTEN_PAUSE_MS = 20;

export class KafkaCutProxy {
  /** How often connections were cut. */
  cuts = 0;
  /** How many were ever made. */
  connections = 0;
  /** Whether all that is sent is lost: connections stand, and nothing is ever answered. */
  isFrozen = false;
  /** Whether fetches are lost: the broker never gets them, and nothing else is wrong. */
  losesFetches = false;
  /** How many fetches were lost. */
  lostFetches = 0;
  /** Where clients are sent on to: by default they stay. */
  portNamed: number;
  /** How long transactions may take at most, whatever clients ask for. */
  transactionMs: number | undefined;
  /** Whether the broker says that it knows no requests that name topics by their ids. */
  isWithoutIds = false;
  /** Versions of the fetch requests that were made. */
  readonly fetchVersions = new Set<number>();
  readonly #brokerPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  readonly #port: number;
  /** Resolves once nothing listens on the port any more. */
  #closed: Promise<void> = Promise.resolve();
  #cut: Cut | undefined;
  #hold: { readonly request: Request; readonly letGoLater: (letGo: () => void) => void } | undefined;

  private constructor(brokerPort: number, port: number) {
    this.#port = port;
    this.portNamed = port;
    this.#brokerPort = brokerPort;
  }

  /** In front of the broker at `host:port`. */
  static async start(brokers: string): Promise<KafkaCutProxy> {
    const proxy = new KafkaCutProxy(Number(brokers.split(":")[1]), await freePort());
    await proxy.open();
    return proxy;
  }

  /** `host:port`, for clients. */
  get brokers(): string {
    return `${HOST}:${this.#port}`;
  }

  /** Once, at the next request of this kind. */
  cutAt(request: Request, when: "before" | "after", shut = false): void {
    this.#cut = { request, when, shut };
  }

  /** Once, at the next request of this kind: the broker gets it when `until` has resolved, and others meanwhile. */
  holdAt(request: Request, until: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const letGoLater = (letGo: () => void) => until().then(letGo).then(resolve, reject);
      this.#hold = { request, letGoLater };
    });
  }

  /** Lets clients in, again on the same port. */
  async open(): Promise<void> {
    await this.#closed;
    const server = createServer((client) => this.#join(client, connect(this.#brokerPort, HOST)));
    await new Promise<void>((resolve, reject) => {
      let tries = 0;
      const listen = () => server.listen(this.#port, HOST);
      // A connection that was just being accepted holds the port a moment longer; no event tells when it is free.
      server.on("error", (error: NodeJS.ErrnoException) =>
        error.code === "EADDRINUSE" && ++tries < LISTEN_TRIES_MAX ? setTimeout(listen, LISTEN_PAUSE_MS) : reject(error),
      );
      server.once("listening", resolve);
      listen();
    });
    this.#server = server;
  }

  /** Ends all connections; nothing listens any more. */
  shut(): void {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) this.#closed = new Promise((resolve) => server.close(() => resolve()));
    this.#endAll();
  }

  #endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, server: Socket): void {
    this.connections++;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      const end = () => {
        client.destroy();
        server.destroy();
        this.#sockets.delete(socket);
      };
      socket.on("error", end).on("close", end);
    }
    const brokersPort = namedPort(this.#brokerPort);
    let isDeaf = false;
    let askedVersions: number | undefined;
    eachFrame(client, (frame) => {
      if (this.isFrozen) return;
      const { key, version, correlationId } = headerOf(frame);
      if (key === FETCH) {
        this.fetchVersions.add(version);
        if (this.losesFetches) {
          this.lostFetches++;
          return;
        }
      }
      if (key === API_VERSIONS) askedVersions = correlationId;
      if (key === API_KEYS.InitProducerId && this.transactionMs !== undefined) {
        shortenTransactions(frame, this.transactionMs);
      }
      if (this.#hold !== undefined && key === API_KEYS[this.#hold.request]) {
        const { letGoLater } = this.#hold;
        this.#hold = undefined;
        return letGoLater(() => server.write(frame));
      }
      if (this.#cut === undefined || key !== API_KEYS[this.#cut.request]) {
        server.write(frame);
        return;
      }
      if (this.#cut.when === "before") return this.#doCut();
      isDeaf = true;
      server.write(frame);
    });
    eachFrame(server, (frame) => {
      if (this.isFrozen) return;
      if (isDeaf) return this.#doCut();
      if (this.isWithoutIds && frame.readInt32BE(LENGTH_BYTES) === askedVersions) forgetIds(frame);
      for (let at = frame.indexOf(brokersPort); at >= 0; at = frame.indexOf(brokersPort, at + 1)) {
        namedPort(this.portNamed).copy(frame, at);
      }
      client.write(frame);
    });
  }

  #doCut(): void {
    const shut = this.#cut?.shut === true;
    this.#cut = undefined;
    this.cuts++;
    if (shut) this.shut();
    else this.#endAll();
  }
}

/** How a broker writes its own address: a string, whose length depends on the request, and a number. */
function namedPort(port: number): Buffer {
  const bytes = Buffer.alloc(HOST.length + 4);
  bytes.write(HOST);
  bytes.writeInt32BE(port, HOST.length);
  return bytes;
}

function headerOf(request: Buffer) {
  const at = LENGTH_BYTES;
  return {
    key: request.readInt16BE(at),
    version: request.readInt16BE(at + 2),
    correlationId: request.readInt32BE(at + 4),
  };
}

/** In InitProducerId, up to version 1: behind the client's name and the transactional id. */
function shortenTransactions(request: Buffer, ms: number): void {
  const clientAt = LENGTH_BYTES + 8;
  const idAt = clientAt + 2 + request.readInt16BE(clientAt);
  const msAt = idAt + 2 + Math.max(0, request.readInt16BE(idAt));
  request.writeInt32BE(Math.min(ms, request.readInt32BE(msAt)), msAt);
}

/** In an answer to ApiVersions, up to version 2: an error, then of each API its key and its versions from and to. */
function forgetIds(answer: Buffer): void {
  const countAt = LENGTH_BYTES + 4 + 2;
  for (let left = answer.readInt32BE(countAt), at = countAt + 4; left > 0; left--, at += 6) {
    const newest = VERSIONS_WITHOUT_IDS.get(answer.readInt16BE(at));
    if (newest !== undefined) answer.writeInt16BE(newest, at + 4);
  }
}

/** Calls `take` with each whole request or answer, length included. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= LENGTH_BYTES) {
      const length = LENGTH_BYTES + held.readInt32BE(0);
      if (held.length < length) return;
      take(held.subarray(0, length));
      held = held.subarray(length);
    }
  });
}
