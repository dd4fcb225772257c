/**
 * What an epoch puts on an output topic: record batches, every record of which names the epoch in its headers. Also
 * reads the names back. An epoch without records for a topic puts no batch there.
 */
import { anomalyLine } from "../anomaly-line.ts";
import { UTF8_BYTES_MAX } from "../byte-stream.ts";
import type { Epoch, EpochIdentity, RatingsSource } from "../epoch.ts";
import { type BatchBuilder, type HeaderBlock, headerBlock } from "./batch-builder.ts";
import type { BatchHeader } from "./record-batch.ts";
import { recordsOf } from "./record-cursor.ts";

/** Which epoch of which shard a batch belongs to. */
export interface OutputOrigin extends RatingsSource {
  readonly partition: number;
  readonly identity: EpochIdentity;
}

export type OutputSide = "anomalies" | "rejected";

/**
 * Adds the epoch's records for one output topic to an empty builder. `flush` is called when the next one would make the
 * batch too large, to finish it; without it, all of them are one batch, however large.
 */
export function addOutputRecords(
  builder: BatchBuilder,
  side: OutputSide,
  source: RatingsSource,
  epoch: Epoch,
  flush?: () => void,
): void {
  const origin = originBlock(source, epoch);
  if (side === "anomalies") {
    for (const anomaly of epoch.anomalies) {
      const key = String(anomaly.movieId);
      const value = anomalyLine(anomaly);
      // At the most: only very long titles make more batches for it.
      if (!builder.fits(key.length + value.length * UTF8_BYTES_MAX + origin.bytes.length)) flush?.();
      builder.addTextsWithHeaders(key, value, origin);
    }
    return;
  }
  for (const { offset, reason, line, fullBytes } of epoch.rejected) {
    const own: [string, Uint8Array][] = [
      ["offset", utf8(String(offset))],
      ["reason", utf8(reason)],
    ];
    if (line !== null && line.length < fullBytes) own.push(["full-bytes", utf8(String(fullBytes))]);
    const place = headerBlock(own);
    if (!builder.fits((line?.length ?? 0) + origin.bytes.length + place.bytes.length)) flush?.();
    builder.addWithHeaders(null, line, [origin, place]);
  }
}

/** Where the batch comes from, by its first record; undefined for one that is not Tidemark's. */
export function readOutputOrigin(bytes: Uint8Array, batch: BatchHeader): OutputOrigin | undefined {
  const { value: record } = recordsOf(bytes, batch).next();
  if (record === undefined) return undefined;
  const text = (name: string) => {
    const value = record.headers.get(name);
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined;
  };
  const [run, owner, epoch, group, topic, partition] = ["run", "owner", "epoch", "group", "topic", "partition"].map(
    text,
  );
  if (run === undefined || owner === undefined || group === undefined || topic === undefined) return undefined;
  return { group, topic, partition: Number(partition), identity: { run, owner, number: Number(epoch) } };
}

function originBlock({ group, topic }: RatingsSource, { identity, partition }: Epoch): HeaderBlock {
  return headerBlock([
    ["run", utf8(identity.run)],
    ["owner", utf8(identity.owner)],
    ["epoch", utf8(String(identity.number))],
    ["group", utf8(group)],
    ["topic", utf8(topic)],
    ["partition", utf8(String(partition))],
  ]);
}

const encoder = new TextEncoder();

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
