/**
 * Memory given back at once. Arrays of a megabyte that survive one collection are freed only by one of the whole heap,
 * which a runtime puts off for as long as it can: by then hundreds of megabytes of garbage have gathered. Pure.
 */

/** Takes the memory from under these views, each of which must be the only one still used of its buffer. */
export function release(...views: readonly ArrayBufferView[]): void {
  for (const { buffer } of views) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
