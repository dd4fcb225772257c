/**
 * Which epoch a consumer group's committed offset stands for: its metadata names the epoch whose transaction committed
 * it. Reads them; whether they fit the log is for `outputs.ts`.
 */
import { describeEpoch, type EpochIdentity } from "../../epoch.ts";
import type { KafkaConnection } from "./connection.ts";

/** What a broker answers where the group has no offset. */
const NO_OFFSET = -1;

/** Stands for a run where another client committed: checkpoints keep it so, as what a rebuild replaced. */
const NO_RUN = "of another program";

/** `run=… owner=… epoch=12`. */
export function epochMetadata({ run, owner, number }: EpochIdentity): string {
  return `run=${run} owner=${owner} epoch=${number}`;
}

/** The epoch that the metadata names; for what another client committed, an identity that no log holds. */
function epochOf(metadata: string, offset: number): EpochIdentity {
  const [, run, owner, number] = /^run=(\S+) owner=(\S+) epoch=(\d+)$/.exec(metadata) ?? [];
  if (number !== undefined) return { run, owner, number: Number(number) };
  return { run: NO_RUN, owner: `metadata ${JSON.stringify(metadata)}`, number: offset };
}

/** In words: an epoch of ours, or what another client committed. */
export function describeCommitted(epoch: EpochIdentity): string {
  if (epoch.run !== NO_RUN) return describeEpoch(epoch);
  return `offset ${epoch.number}, with ${epoch.owner}, written by another client,`;
}

/** By partition; a partition without a committed offset is left out. */
export async function readCommittedEpochs(
  connection: KafkaConnection,
  group: string,
  topic: string,
  partitions: number,
): Promise<Map<number, EpochIdentity>> {
  const asked = Array.from({ length: partitions }, (_, partition) => ({ partition }));
  const { responses } = await connection.withGroupCoordinator(group, (coordinator) =>
    coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] }),
  );
  const committed = new Map<number, EpochIdentity>();
  for (const { partition, offset, metadata } of responses.flatMap((response) => response.partitions)) {
    if (Number(offset) !== NO_OFFSET) committed.set(partition, epochOf(metadata, Number(offset)));
  }
  return committed;
}
