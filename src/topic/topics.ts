/**
 * Where a run's topics are: in its home, or on Kafka brokers. The one place that chooses, by `--brokers`; everything
 * behind it is the contract's (`contract.ts`), and the commands do not know which they have.
 */
import type { Surroundings } from "../command.ts";
import type { Settings } from "../settings/settings.ts";
import type {
  GroupOffsets,
  Keeping,
  OutputPlaces,
  OutputTopics,
  TopicAdmin,
  TopicReader,
  TopicWriter,
} from "./contract.ts";
import { KafkaTopicAdmin } from "./kafka/admin.ts";
import { KafkaClient } from "./kafka/client.ts";
import { COMPRESSION_NAMES } from "./kafka/compression.ts";
import { KafkaGroupOffsets } from "./kafka/group-offsets.ts";
import { KafkaOutputs } from "./kafka/outputs.ts";
import { KafkaTopicReader } from "./kafka/reader.ts";
import { securityOf } from "./kafka/security.ts";
import { KafkaTopicWriter } from "./kafka/writer.ts";
import { LocalTopicAdmin } from "./local/admin.ts";
import { LocalGroupOffsets } from "./local/group-offsets.ts";
import { LocalOutputs } from "./local/outputs.ts";
import { LocalTopicReader } from "./local/reader.ts";
import { LocalTopicWriter } from "./local/writer.ts";

export interface Topics {
  /** For messages: "in ./tidemark-data", "on localhost:9092". */
  readonly place: string;
  reader(topic: string): Promise<TopicReader>;
  writer(topic: string): Promise<TopicWriter>;
  outputs(places: OutputPlaces): OutputTopics;
  admin(): TopicAdmin;
  groupOffsets(): GroupOffsets;
  /** What the home's manifest calls a topic that `setup` made here. */
  manifestName(topic: string): Promise<string>;
  /** How long and how much of the topic is kept; undefined where we may not see that. */
  keeping(topic: string): Promise<Keeping | undefined>;
  /** From now on brokers that go away are waited for, however long that takes. */
  beginWork(): void;
}

/** `holder` names this process to others who want the same. */
export function topicsOf(settings: Settings, holder: string, surroundings: Surroundings): Topics {
  const { brokers, home } = settings;
  if (brokers === undefined) return new LocalTopics(home, holder, surroundings.now);
  const client = new KafkaClient({ brokers, ...securityOf(settings) }, surroundings);
  return new KafkaTopics(client, COMPRESSION_NAMES.indexOf(settings.compression));
}

class LocalTopics implements Topics {
  readonly place: string;
  readonly #home: string;
  readonly #holder: string;
  readonly #now: () => number;

  constructor(home: string, holder: string, now: () => number) {
    this.place = `in ${home}`;
    this.#home = home;
    this.#holder = holder;
    this.#now = now;
  }

  reader(topic: string): Promise<TopicReader> {
    return LocalTopicReader.open(this.#home, topic);
  }

  writer(topic: string): Promise<TopicWriter> {
    return LocalTopicWriter.open(this.#home, topic, this.#holder);
  }

  outputs({ anomalyTopic, rejectedTopic, source }: OutputPlaces): OutputTopics {
    return new LocalOutputs(this.#home, anomalyTopic, rejectedTopic, source, this.#holder, this.#now);
  }

  admin(): TopicAdmin {
    return new LocalTopicAdmin(this.#home, this.#holder);
  }

  groupOffsets(): GroupOffsets {
    return new LocalGroupOffsets(this.#home);
  }

  async manifestName(topic: string): Promise<string> {
    return topic;
  }

  async keeping(): Promise<Keeping> {
    return { retentionMs: Number.POSITIVE_INFINITY, retentionBytes: Number.POSITIVE_INFINITY, isCompacted: false };
  }

  beginWork(): void {}
}

class KafkaTopics implements Topics {
  readonly place: string;
  readonly #client: KafkaClient;
  /** Of what a writer sends. */
  readonly #codec: number;
  #clusterId: Promise<string> | undefined;

  constructor(client: KafkaClient, codec: number) {
    this.place = `on ${client.place}`;
    this.#client = client;
    this.#codec = codec;
  }

  reader(topic: string): Promise<TopicReader> {
    return KafkaTopicReader.open(this.#client, topic);
  }

  writer(topic: string): Promise<TopicWriter> {
    return KafkaTopicWriter.open(this.#client, topic, this.#codec);
  }

  outputs(places: OutputPlaces): OutputTopics {
    return new KafkaOutputs(this.#client, places);
  }

  admin(): TopicAdmin {
    return new KafkaTopicAdmin(this.#client);
  }

  groupOffsets(): GroupOffsets {
    return new KafkaGroupOffsets(this.#client);
  }

  /** No topic's name has a slash in it, so none is taken for an embedded one, or for another cluster's. */
  async manifestName(topic: string): Promise<string> {
    this.#clusterId ??= this.#withAdmin((admin) => admin.clusterId());
    return `${await this.#clusterId}/${topic}`;
  }

  keeping(topic: string): Promise<Keeping | undefined> {
    return this.#withAdmin((admin) => admin.keeping(topic));
  }

  beginWork(): void {
    this.#client.beginWork();
  }

  async #withAdmin<T>(work: (admin: KafkaTopicAdmin) => Promise<T>): Promise<T> {
    const admin = new KafkaTopicAdmin(this.#client);
    try {
      return await work(admin);
    } finally {
      await admin.close();
    }
  }
}
