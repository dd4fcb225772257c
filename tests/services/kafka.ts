/**
 * A real Kafka broker for tests, 4.1 in KRaft mode: data in a temporary folder, on free ports of 127.0.0.1, in Kafka's
 * default settings where one broker allows it. `TEST_KAFKA`, a host:port, names a broker to use instead. Where neither
 * can be had, this throws, and the tests fail: none is left out in silence. Topics are made and records and groups
 * read by Kafka's own Java tools, which share nothing with the code under test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Certificates, makeCertificates } from "./kafka-certificates.ts";
import { untilServing } from "./kafka-readiness.ts";
import {
  brokerProperties,
  COORDINATOR_PARTITIONS,
  type Listeners,
  scramOptions,
  secondBrokerProperties,
} from "./kafka-settings.ts";
import { kafkaClassPath } from "./kafka-software.ts";
import { type ConsoleRecord, type GroupOffset, parseGroups, parseOffsets } from "./kafka-tool-output.ts";
import { type Isolation, readTopic, runTool } from "./kafka-tools.ts";
import { freePort } from "./programs.ts";

const START_MS_MAX = 120_000;
/** Logged by a broker that the cluster has taken in. */
const STARTED = "Kafka Server started";
const LOOK_AGAIN_MS = 50;
const BROKER_OPTIONS = ["-Xmx512m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"];
const LOG_SETTINGS = `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c: %m%n
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
`;

/** Where a broker is; a broker of `TEST_KAFKA` has the plain listener only. */
export interface BrokerPlace {
  readonly brokers: string;
  readonly secure?: { readonly sasl: string; readonly certificate: string; readonly files: Certificates };
}

/** What a second broker has to know of the cluster. */
interface Cluster {
  readonly id: string;
  /** `host:port`. */
  readonly controller: string;
}

/** A broker, running or not. */
export class KafkaBroker {
  readonly #place: BrokerPlace;
  /** Undefined where the broker is not ours. */
  readonly #folder: string | undefined;
  #child: ChildProcess | undefined;
  #isTransactional = true;
  /** Known of a broker that may be joined by another. */
  #cluster: Cluster | undefined;

  private constructor(place: BrokerPlace, folder?: string) {
    this.#place = place;
    this.#folder = folder;
  }

  /** The broker of `TEST_KAFKA`, else one of our own, which serves when this resolves. */
  static async start(): Promise<KafkaBroker> {
    const given = process.env.TEST_KAFKA;
    return given === undefined || given === "" ? KafkaBroker.startOwn() : KafkaBroker.at({ brokers: given });
  }

  /** A broker that somebody else starts and stops. */
  static at(place: BrokerPlace): KafkaBroker {
    kafkaClassPath();
    return new KafkaBroker(place);
  }

  /**
   * For tests that stop, kill or remove it. One that is not transactional wants more replicas of what its coordinator
   * notes than it has: so it is with Kafka's default settings and a single broker. `more` are lines of its settings.
   */
  static async startOwn({ isTransactional = true, more = "" } = {}): Promise<KafkaBroker> {
    kafkaClassPath();
    const folder = mkdtempSync(join(tmpdir(), "tidemark-kafka-"));
    const listeners: Listeners = {
      plain: await freeListener(),
      sasl: await freeListener(),
      certificate: await freeListener(),
      controller: await freeListener(),
    };
    const files = makeCertificates(folder);
    const { sasl, certificate } = listeners;
    const broker = new KafkaBroker({ brokers: listeners.plain, secure: { sasl, certificate, files } }, folder);
    broker.#isTransactional = isTransactional;
    broker.#cluster = { id: randomBytes(16).toString("base64url"), controller: listeners.controller };
    const properties = brokerProperties(broker.dataFolder, listeners, files, isTransactional);
    await broker.#startFirst(`${properties}\n${more}\n`, broker.#cluster, scramOptions());
    return broker;
  }

  /** A second broker of the cluster, `SECOND_BROKER_ID`; no coordinator is there, nor any partition until moved. */
  async startSecond(): Promise<KafkaBroker> {
    if (this.#cluster === undefined) throw new Error("only a broker of our own is joined by a second");
    const plain = await freeListener();
    const second = new KafkaBroker({ brokers: plain }, mkdtempSync(join(tmpdir(), "tidemark-kafka-second-")));
    await second.#startFirst(
      secondBrokerProperties(second.dataFolder, plain, this.#cluster.controller),
      this.#cluster,
      [],
    );
    return second;
  }

  /** With nothing there yet but the folder. */
  async #startFirst(properties: string, { id }: Cluster, options: readonly string[]): Promise<void> {
    try {
      const folder = this.#folder ?? "";
      const settings = join(folder, "server.properties");
      writeFileSync(settings, properties);
      writeFileSync(join(folder, "log4j2.properties"), LOG_SETTINGS);
      await this.tool("kafka.tools.StorageTool", ["format", `--cluster-id=${id}`, "-c", settings, ...options]);
      await this.startAgain();
    } catch (error) {
      await this.remove();
      throw error;
    }
  }

  /** Whether this is a broker that tests may stop. */
  get isOurs(): boolean {
    return this.#folder !== undefined;
  }

  /** As `at` takes it, for another process. */
  get place(): BrokerPlace {
    return this.#place;
  }

  /** `host:port` of the plain listener. */
  get brokers(): string {
    return this.#place.brokers;
  }

  /** `host:port` of the listener for SASL over TLS, with `KAFKA_USERS`. */
  get secureBrokers(): string {
    return this.#secure.sasl;
  }

  /** `host:port` of the listener for TLS that asks for the client's certificate. */
  get certificateBrokers(): string {
    return this.#secure.certificate;
  }

  get caFile(): string {
    return this.#secure.files.caFile;
  }

  get clientCertificateFile(): string {
    return this.#secure.files.clientCertificateFile;
  }

  get clientKeyFile(): string {
    return this.#secure.files.clientKeyFile;
  }

  get #secure() {
    if (this.#place.secure === undefined) throw new Error("no secure listener is known of the broker of TEST_KAFKA");
    return this.#place.secure;
  }

  /** After `stop` or `kill`: the same broker on the same ports, with the same data. */
  async startAgain(): Promise<void> {
    if (this.#folder === undefined) throw new Error("a broker that is not ours is neither stopped nor started");
    if (this.#child !== undefined) throw new Error("the broker is running");
    const log = openSync(this.#logFile, "a");
    const logging = `-Dlog4j2.configurationFile=${join(this.#folder, "log4j2.properties")}`;
    const main = ["kafka.Kafka", join(this.#folder, "server.properties")];
    const args = [...BROKER_OPTIONS, logging, "-cp", kafkaClassPath(), ...main];
    // Into a file: a pipe would hold the broker up while nobody reads it.
    const child = spawn("java", args, { stdio: ["ignore", log, log], cwd: this.#folder });
    closeSync(log);
    this.#child = child;
    const ended = new AbortController();
    child.once("exit", () => ended.abort(new Error("it ended")));
    try {
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(START_MS_MAX)]);
      if (this.#cluster !== undefined) {
        await untilServing(this.brokers, COORDINATOR_PARTITIONS, this.#isTransactional, signal);
      } else {
        while (!this.log.includes(STARTED)) await after(LOOK_AGAIN_MS, undefined, { signal });
      }
    } catch (error) {
      await this.kill();
      throw new Error(`the Kafka broker did not start:\n${this.log}`, { cause: error });
    }
  }

  /** Kafka's own orderly shutdown; waits until the process has ended. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** As by a power cut, except for what the system still writes. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.kill();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What the broker has logged. */
  get log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  /** Where the broker keeps its topics' files. */
  get dataFolder(): string {
    if (this.#folder === undefined) throw new Error("the files of a broker that is not ours are not at hand");
    return join(this.#folder, "data");
  }

  get #logFile(): string {
    return join(this.#folder ?? "", "broker.log");
  }

  /** The file in which the broker keeps a partition, while there is only one. */
  segmentFile(topic: string, partition: number): string {
    if (this.#folder === undefined) throw new Error("the files of a broker that is not ours are not known");
    return join(this.#folder, "data", `${topic}-${partition}`, `${"0".repeat(20)}.log`);
  }

  /** Runs one of Kafka's Java programs with `stdin` to its end; its stdout. */
  tool(mainClass: string, args: readonly string[], stdin = ""): Promise<string> {
    return runTool(mainClass, args, stdin);
  }

  async createTopic(topic: string, partitions = 1, configs: Record<string, string> = {}): Promise<void> {
    const more = Object.entries(configs).flatMap(([name, value]) => ["--config", `${name}=${value}`]);
    await this.#topics("--create", "--topic", topic, "--partitions", String(partitions), ...more);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#topics("--delete", "--topic", topic);
  }

  /** Where each partition of a topic ends, in their order. */
  async endOffsets(topic: string): Promise<number[]> {
    return parseOffsets(
      await this.#ask("org.apache.kafka.tools.GetOffsetShell", ["--topic-partitions", topic.replaceAll(".", "\\.")]),
    );
  }

  /** All records that are in a topic, each partition's in order; committed ones only unless told otherwise. */
  async consoleConsume(topic: string, isolation: Isolation = "read_committed"): Promise<ConsoleRecord[]> {
    return readTopic(this.brokers, topic, (await this.endOffsets(topic)).length, isolation);
  }

  /** The offsets of groups, by topic and partition. */
  async consumerGroups(...groups: string[]): Promise<GroupOffset[]> {
    const main = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    const asked = groups.flatMap((group) => ["--group", group]);
    return parseGroups(await this.#ask(main, ["--describe", "--offsets", ...asked]));
  }

  async #topics(...args: string[]): Promise<void> {
    await this.#ask("org.apache.kafka.tools.TopicCommand", args);
  }

  #ask(mainClass: string, args: readonly string[]): Promise<string> {
    return this.tool(mainClass, ["--bootstrap-server", this.brokers, ...args]);
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}

async function freeListener(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}
