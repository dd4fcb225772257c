/**
 * Where consumer groups stand in Kafka topics, committed without joining the group, so that `kafka-consumer-groups`
 * shows it. Says nothing about whether the offset is in the topic.
 */
import { serviceError } from "../../errors.ts";
import type { GroupOffsets } from "../contract.ts";
import type { KafkaClient } from "./client.ts";
import { readCommittedEpochs } from "./committed-epochs.ts";
import type { KafkaConnection } from "./connection.ts";
import { isNotAllowed, isPassing, protocolError, reasonOf } from "./errors.ts";

export class KafkaGroupOffsets implements GroupOffsets {
  readonly #connection: KafkaConnection;

  constructor(client: KafkaClient) {
    this.#connection = client.connection();
  }

  async read(group: string, topic: string): Promise<number | undefined> {
    const topics = [{ topic, partitions: [{ partition: 0 }] }];
    const { responses } = await this.#connection.withGroupCoordinator(group, (coordinator) =>
      coordinator.offsetFetch({ groupId: group, topics }),
    );
    const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  }

  async commit(group: string, topic: string, offset: number): Promise<void> {
    const topics = [{ topic, partitions: [{ partition: 0, offset: String(offset), metadata: "" }] }];
    await this.#connection.withGroupCoordinator(group, async (coordinator) => {
      const request = { groupId: group, groupGenerationId: -1, memberId: "", retentionTime: -1, topics } as const;
      await coordinator.offsetCommit(request).catch((error) => {
        if (protocolError(error) !== "UNKNOWN_MEMBER_ID") throw error;
        throw serviceError(
          `the consumer group ${group} is in use by another client`,
          "stop that client, or give another --group",
          error,
        );
      });
    });
  }

  async has(topic: string, group: string): Promise<boolean> {
    const { partitions: count } = (await this.#connection.findTopic(topic)) ?? { partitions: 1 };
    return (await readCommittedEpochs(this.#connection, group, topic, count)).size > 0;
  }

  /** The whole group goes, as it is ours: KafkaJS cannot remove a group's place in one topic alone. */
  async remove(topic: string, group: string): Promise<boolean> {
    if (!(await this.has(topic, group))) return false;
    await this.#connection.withGroupCoordinator(group, async (coordinator) => {
      const { error } = (await coordinator.deleteGroups([group])).results[0];
      if (error === undefined || protocolError(error) === "GROUP_ID_NOT_FOUND") return;
      if (isPassing(error) || isNotAllowed(error)) throw error;
      throw serviceError(
        `the consumer group ${group} cannot be removed: ${reasonOf(error)}`,
        "stop the clients that use it, then run the command again",
        error,
      );
    });
    return true;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
