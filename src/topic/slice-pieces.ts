/**
 * A slice in pieces of whole record batches, so that who works on them can let others have a turn between two. Judges
 * nothing: where a length makes no sense, all the rest is one piece, for its reader to refuse.
 */
import { BATCH_HEADER_BYTES } from "./batch-layout.ts";
import { batchBytesAt } from "./record-batch.ts";

/** A piece ends with the batch that reaches this many bytes: one batch of `produce`, or many small ones. */
const PIECE_BYTES = 512 * 1024;

export function* piecesOf(slice: Uint8Array): Generator<Uint8Array> {
  let from = 0;
  for (let at = 0; at < slice.length; ) {
    const bytes = batchBytesAt(slice, at) ?? 0;
    at = bytes < BATCH_HEADER_BYTES ? slice.length : Math.min(at + bytes, slice.length);
    if (at - from < PIECE_BYTES && at < slice.length) continue;
    yield slice.subarray(from, at);
    from = at;
  }
}
