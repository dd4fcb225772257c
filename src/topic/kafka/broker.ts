/**
 * What Tidemark asks of Kafka brokers: KafkaJS's connections to a broker and to a cluster, as far as we use them. Types
 * only; where they come from, and what is changed of KafkaJS on the way, is `kafkajs-patch.ts`.
 */
import type { ITopicConfig } from "kafkajs";
import type { FetchedPartition, FetchRequest } from "./fetch-by-id.ts";

export interface TopicPartitions<Partition> {
  readonly topic: string;
  readonly partitions: readonly Partition[];
}

export interface ProduceRequest {
  readonly transactionalId: string | null;
  /** One batch per partition, complete with producer id, epoch, sequence and CRC. */
  readonly topicData: readonly TopicPartitions<{ readonly partition: number; readonly batch: Uint8Array }>[];
}

export interface ProducerIdentity {
  /** A number of 64 bits, as KafkaJS keeps it. */
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface TransactionRequest extends ProducerIdentity {
  readonly transactionalId: string;
}

interface OffsetEntry {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

interface ConfigEntry {
  readonly configName: string;
  readonly configValue: string;
}

/** A broker's connection; each method is one request, named in the Kafka protocol guide. Errors are KafkaJS's. */
export interface Broker {
  /** A `topicId` is there where the broker knows ids, and gave the topic one. */
  metadata(topics: readonly string[]): Promise<{
    clusterId: string;
    topicMetadata: readonly { readonly topicId?: string | undefined; readonly partitionMetadata: readonly unknown[] }[];
  }>;
  /** By the topic's id, where that is known and the broker knows ids; else by its name. */
  fetch(request: FetchRequest): Promise<{ responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  listOffsets(request: {
    readonly replicaId: -1;
    readonly isolationLevel: 0 | 1;
    readonly topics: readonly TopicPartitions<{ partition: number; timestamp: number }>[];
  }): Promise<{ responses: readonly TopicPartitions<{ offset: string }>[] }>;
  produce(request: ProduceRequest & { acks: -1; timeout: number }): Promise<{
    topics: readonly { readonly partitions: readonly { readonly baseOffset: string }[] }[];
  }>;
  initProducerId(request: {
    readonly transactionalId?: string;
    readonly transactionTimeout: number;
  }): Promise<ProducerIdentity>;
  addPartitionsToTxn(request: TransactionRequest & { topics: readonly TopicPartitions<number>[] }): Promise<unknown>;
  addOffsetsToTxn(request: TransactionRequest & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: TransactionRequest & { groupId: string; topics: readonly TopicPartitions<OffsetEntry>[] },
  ): Promise<unknown>;
  endTxn(request: TransactionRequest & { transactionResult: boolean }): Promise<unknown>;
  offsetFetch(request: { groupId: string; topics: readonly TopicPartitions<{ partition: number }>[] }): Promise<{
    responses: readonly TopicPartitions<OffsetEntry>[];
  }>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: -1;
    readonly memberId: "";
    readonly retentionTime: -1;
    readonly topics: readonly TopicPartitions<OffsetEntry>[];
  }): Promise<unknown>;
  describeConfigs(request: {
    /** Without names: all settings. */
    readonly resources: readonly { readonly type: number; readonly name: string; readonly configNames: string[] }[];
  }): Promise<{ resources: readonly { readonly configEntries: readonly ConfigEntry[] }[] }>;
  createTopics(request: { readonly topics: readonly ITopicConfig[]; readonly timeout: number }): Promise<unknown>;
  deleteTopics(request: { readonly topics: readonly string[]; readonly timeout: number }): Promise<unknown>;
  /** A group's own error is in its result: nothing is thrown for it. */
  deleteGroups(groupIds: readonly string[]): Promise<{ results: readonly { readonly error?: unknown }[] }>;
}

/** A client's connections to a cluster, and what it knows of it. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(options: { nodeId: string | number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(options: { groupId: string; coordinatorType: 0 | 1 }): Promise<Broker>;
}
