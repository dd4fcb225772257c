/**
 * Folds long byte strings for CRC-32C without tables. The checksum is the rest of a division by a polynomial P, so any
 * multiple of P may be added to the bytes without changing it. One such multiple has six terms only:
 *
 *     x^209 + x^144 + x^54 + x^39 + x^14 + 1
 *
 * Squared seven times it has the same six terms, each power times 128. Hence a word of 128 bits is as good as that word
 * added (xor) to the words 65, 155, 170, 195 and 209 behind it. So words are taken away from the front, until only the
 * last few are left: five xors of WebAssembly's 128 bits where tables take sixteen look-ups. Pure.
 */

/** How far behind a word its copies go: 209 less each lower power. */
const DISTANCES = [65, 155, 170, 195, 209] as const;
const WORD_BYTES = 16;
/** So many bytes, and up to a word more, are left of every byte string: shorter ones are not worth folding. */
const REST_BYTES = 209 * WORD_BYTES;
/** WebAssembly's memory comes in pages. Four stay in the processor's second cache. */
const PAGE_BYTES = 64 * 1024;
const PAGES = 4;

/** Below this a byte string is summed by tables as fast. */
export const FOLD_BYTES_MIN = 2 * REST_BYTES;

interface Folder {
  readonly memory: Uint8Array;
  /** Adds each word of the memory, from byte `start` up to `end`, to those behind it. */
  readonly fold: (start: number, end: number) => void;
}

let folder: Folder | undefined;

/**
 * Folds the bytes from `start` up to `end`, at least `FOLD_BYTES_MIN`, whose checksum so far is in the register
 * `register`. What it returns has, with an empty register, the same checksum: a view, good until the next call.
 */
export function foldForCrc32c(bytes: Uint8Array, start: number, end: number, register: number): Uint8Array {
  folder ??= makeFolder();
  const { memory, fold } = folder;
  let held = 0;
  for (let at = start; at < end; ) {
    const taken = Math.min(end - at, memory.length - held);
    memory.set(bytes.subarray(at, at + taken), held);
    // The register is what the bytes before left to be added to the first four.
    if (at === start) for (let i = 0; i < 4; i++) memory[i] ^= register >>> (8 * i);
    at += taken;
    held += taken;
    const foldedEnd = (held - REST_BYTES) & -WORD_BYTES;
    if (foldedEnd <= 0) continue;
    fold(0, foldedEnd);
    memory.copyWithin(0, foldedEnd, held);
    held -= foldedEnd;
  }
  return memory.subarray(0, held);
}

// The few of WebAssembly's codes that the module needs (WebAssembly 2.0, chapter 5).
const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION_TYPE = 0x60;
const NO_RESULT = 0x40;
const FUNCTION = 0;
const MEMORY = 2;
const TYPE_SECTION = 1;
const FUNCTION_SECTION = 3;
const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;
const BODY_ALIGNMENT = 0;
const end = [0x0b];
const loop = [0x03, NO_RESULT];
const branchIfToLoop = [0x0d, 0];
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const tee = (local: number) => [0x22, local];
const constant = (value: number) => [0x41, ...varint(value)];
const add = [0x6a];
const lessUnsigned = [0x49];
const loadWord = (offset: number) => [0xfd, 0x00, BODY_ALIGNMENT, ...varint(offset)];
const storeWord = (offset: number) => [0xfd, 0x0b, BODY_ALIGNMENT, ...varint(offset)];
const xorWords = [0xfd, 0x51];

function makeFolder(): Folder {
  const [at, stop, word] = [0, 1, 2]; // Parameters, then the one local.
  const fold = [
    ...loop,
    ...[...get(at), ...loadWord(0), ...set(word)],
    ...DISTANCES.map((words) => words * WORD_BYTES).flatMap((offset) => [
      ...get(at),
      ...[...get(at), ...loadWord(offset), ...get(word), ...xorWords],
      ...storeWord(offset),
    ]),
    ...[...get(at), ...constant(WORD_BYTES), ...add, ...tee(at)],
    ...[...get(stop), ...lessUnsigned, ...branchIfToLoop],
    ...end,
  ];
  const body = [...list([[1, V128]]), ...fold, ...end];
  const module = new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(TYPE_SECTION, [[FUNCTION_TYPE, ...list([[I32], [I32]]), ...list([])]]),
    ...section(FUNCTION_SECTION, [[0]]),
    ...section(MEMORY_SECTION, [[0, ...varint(PAGES)]]),
    ...section(EXPORT_SECTION, [
      [...name("memory"), MEMORY, 0],
      [...name("fold"), FUNCTION, 0],
    ]),
    ...section(CODE_SECTION, [[...varint(body.length), ...body]]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer, 0, PAGES * PAGE_BYTES);
  return { memory, fold: exports.fold as Folder["fold"] };
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = list(items);
  return [id, ...varint(content.length), ...content];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...varint(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}

/** LEB128. The constants here are below 64, so that signed and unsigned ones look the same. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
