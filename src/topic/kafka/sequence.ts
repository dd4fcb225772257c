/**
 * The idempotent producer's sequence numbers, one count per partition (KIP-98): each batch names its first record's, so
 * that a broker knows one that is sent again. Promises that a batch sent again bears what it bore before.
 */
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BATCH_CRC_AT,
  BATCH_CRC_FROM,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL,
} from "../batch-layout.ts";
import { crc32c } from "../crc32c.ts";
import type { ProducerIdentity } from "./broker.ts";

/** Sequences count from 0 to 2^31 - 1 and begin again. */
const SEQUENCE_MODULUS = 2 ** 31;

export class Sequences {
  readonly #next = new Map<string, number>();

  /** The sequence of the next record for the partition. */
  next(topic: string, partition: number): number {
    return this.#next.get(`${topic}/${partition}`) ?? 0;
  }

  /** To be called when a batch of this many records has arrived. */
  advance(topic: string, partition: number, recordCount: number): void {
    this.#next.set(`${topic}/${partition}`, (this.next(topic, partition) + recordCount) % SEQUENCE_MODULUS);
  }
}

/** Writes into a batch who sends it, and sets its CRC anew. */
export function signBatch(
  batch: Uint8Array,
  { producerId, producerEpoch }: ProducerIdentity,
  baseSequence: number,
  isTransactional: boolean,
): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  if (isTransactional) view.setInt16(ATTRIBUTES_AT, view.getInt16(ATTRIBUTES_AT) | TRANSACTIONAL);
  view.setBigInt64(PRODUCER_ID_AT, BigInt(producerId));
  view.setInt16(PRODUCER_EPOCH_AT, producerEpoch);
  view.setInt32(BASE_SEQUENCE_AT, baseSequence);
  view.setUint32(BATCH_CRC_AT, crc32c(batch, BATCH_CRC_FROM, batch.length));
}
