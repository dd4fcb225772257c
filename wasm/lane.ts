/**
 * What WebAssembly does for Tidemark, in AssemblyScript: the two loops over every byte of a record batch, and one over
 * what they leave. `fold` makes a batch short for its CRC-32C; `gather` reads plain ratings and adds them up, and
 * `handOut` hands out the sums. They work in one memory whose places the caller chooses, keep nothing, and read nothing
 * from outside of it. `npm run wasm` compiles this file into `src/shard/lane-wasm.ts`. Machine code from the first
 * thousand records on: the same loop in JavaScript takes nearly twice as long when it is warm, and a quarter of a
 * second of a processor to get warm.
 */

/**
 * A checksum is the rest of a division by a polynomial P, so any multiple of P may be added to the bytes without
 * changing it. For CRC-32C one such multiple has six terms only: x^209 + x^144 + x^54 + x^39 + x^14 + 1. Squared seven
 * times it has the same six terms, each power times 128. Hence a word of 128 bits is as good as that word added (xor)
 * to the words 65, 155, 170, 195 and 209 behind it: words are taken away from the front until only the last are left.
 */
const WORD_BYTES: u32 = 16;
const REST_WORDS: u32 = 209;
/** So many words at a time, so that what is added to them stays in the processor's first cache. */
const BLOCK_WORDS: u32 = 1024;

/**
 * Folds all but the last 209 words, and up to 15 bytes, of the `bytes` bytes at `from`, which stay as they are. Those
 * last bytes, with everything before them added, are left at `scratch`; how many they are is returned. At `scratch`
 * stands, before, what is to be added to the first 209 words; it has room for 1,233 words and a half.
 */
export function fold(from: u32, bytes: u32, scratch: u32): u32 {
  const words = bytes / WORD_BYTES - REST_WORDS;
  for (let left = words; left > 0; ) {
    const block = min(left, BLOCK_WORDS);
    const stop = scratch + block * WORD_BYTES;
    for (let at = scratch; at < stop; at += WORD_BYTES) {
      const word = v128.xor(v128.load(from), v128.load(at));
      v128.store(at, v128.xor(v128.load(at, 65 * 16), word), 65 * 16);
      v128.store(at, v128.xor(v128.load(at, 155 * 16), word), 155 * 16);
      v128.store(at, v128.xor(v128.load(at, 170 * 16), word), 170 * 16);
      v128.store(at, v128.xor(v128.load(at, 195 * 16), word), 195 * 16);
      // The first to be added to that word, as none is added from farther.
      v128.store(at, word, 209 * 16);
      from += WORD_BYTES;
    }
    memory.copy(scratch, stop, REST_WORDS * WORD_BYTES);
    left -= block;
  }
  for (let word: u32 = 0; word < REST_WORDS; word++, scratch += WORD_BYTES, from += WORD_BYTES) {
    v128.store(scratch, v128.xor(v128.load(scratch), v128.load(from)));
  }
  memory.copy(scratch, from, bytes % WORD_BYTES);
  return bytes - words * WORD_BYTES;
}

const COMMA: u32 = 0x2c;
const ZERO: u32 = 0x30;
/** Eight bytes, each `0`: what is left of a digit when it is taken away (xor) is the digit's value. */
const ZEROS: u64 = 0x3030303030303030;
/** Added to a byte below 0x80, it sets the high bit of any that is more than 9. */
const ABOVE_NINE: u64 = 0x7676767676767676;
const HIGH_BITS: u64 = 0x8080808080808080;
/** Four bytes of which each is a digit, or one of the six signs behind the digits, which sort above the comma too. */
const FOUR_HIGH_NIBBLES: u32 = 0xf0f0f0f0;
const FOUR_DIGITS: u32 = 0x30303030;
/** A date and the comma behind it. */
const DATE_BYTES: u32 = 11;
/** `2002-09-20,1,2,3` as a zigzag varint. */
const PLAIN_LENGTH_MIN: u32 = 2 * 16;

// The parts of a cell: 24 bits, 28 and 11.
const SUM_SHIFT: u64 = 24;
const VALUES_SHIFT: u64 = 52;
const COUNT_MASK: u32 = 0xffffff;
const SUM_MASK: u32 = 0xfffffff;

// Where the caller finds what was done, in words of 32 bits at `report`.
const TOUCHED_AT: usize = 0;
const NEXT_AT: usize = 4;
const OFFSET_DELTA_AT: usize = 8;
const GIVEN_AT: usize = 12;

/**
 * Gathers plain ratings: those that begin with the same date as the bytes at `date`, in short records not before the
 * batch's time, of a movie whose id is below `idsEnd` and a user without anything odd, with a rating of one digit.
 * Begins with the record at `from` and stops before the first other one, at `batchEnd`, or after `records`. Returns how
 * many it took.
 *
 * `table` has, by movie id, the movie's slot plus 1, 0 for none. A movie without one is given the next, and its id
 * noted at `givenTo`, by slot; where `slotsEnd` or more are given, it is left alone. `cells` holds 64 bits a slot:
 * count, sum, and a bit for each rating value; no more than 2^24 - 1 ratings may be there, these included. A slot whose
 * cell was 0 is put at the end of the list at `touched`, whose length stands first in `report`; behind it are left
 * where the next record begins, where the offset delta of the last one taken lies, and, before and after, how many
 * slots are given. Behind the batch a byte below 0x80 must stand, and 128 bytes more be there.
 *
 * Half of the time here is waiting for `table` and `cells` to come from the second cache. So a cell is small, and there
 * is a jump for each condition, which is foretold: the fewer instructions, the more records the processor has at once.
 */
export function gather(
  from: u32,
  batchEnd: u32,
  records: u32,
  date: u32,
  table: u32,
  idsEnd: u32,
  givenTo: u32,
  slotsEnd: u32,
  cells: u32,
  touched: u32,
  report: u32,
): u32 {
  const date0 = load<u64>(date);
  const date1 = load<u32>(date, DATE_BYTES - 4);
  if (date1 >> 24 !== COMMA) return 0;
  let touchedCount = load<u32>(report, TOUCHED_AT);
  let given = load<u32>(report, GIVEN_AT);
  let next = from;
  let offsetDelta: u32 = 0;
  let taken: u32 = 0;
  while (taken < records) {
    // Lengths are zigzag varints: below 0x80 and even means one byte, not negative.
    const recordLength = <u32>load<u8>(next);
    if ((recordLength & 0x81) !== 0) break;
    const recordEnd = next + 1 + (recordLength >> 1);
    if (recordEnd > batchEnd) break;
    let at = next + 2; // The attributes say nothing.
    if ((load<u8>(at) & 1) !== 0) break;
    while (load<u8>(at++) >= 0x80); // Timestamp delta.
    const delta = at;
    while (load<u8>(at++) >= 0x80); // Offset delta.
    const keyLength = <u32>load<u8>(at++);
    if (keyLength >= 0x80) break;
    if ((keyLength & 1) === 0) at += keyLength >> 1;
    const valueLength = <u32>load<u8>(at++);
    if ((valueLength & 0x81) !== 0) break;
    if (valueLength < PLAIN_LENGTH_MIN) break;
    const end = at + (valueLength >> 1);
    if (end >= recordEnd) break;
    if (load<u64>(at) !== date0) break;
    if (load<u32>(at, DATE_BYTES - 4) !== date1) break;
    at += DATE_BYTES;

    // The movie: one to seven digits at once, the first not 0, and a comma.
    const text = load<u64>(at);
    let digits = text ^ ZEROS;
    if ((digits & 0xff) === 0) break;
    const others = ((digits + ABOVE_NINE) | digits) & HIGH_BITS;
    if (others === 0) break;
    const bits = ctz(others) & 0x38;
    if (bits === 0) break;
    if (<u32>((text >> bits) & 0xff) !== COMMA) break;
    digits <<= 64 - bits;
    digits = digits * 10 + (digits >> 8); // Pairs, then fours, then the number.
    const ones = ((digits >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
    const id = <u32>(((digits & 0x000000ff000000ff) * 0x000f424000000064 + ones) >> 32);
    if (id >= idsEnd) break;
    let slot = load<u32>(table + (id << 2)) - 1;

    // The user: nearly always a number of four to eight digits, which two looks find.
    const user = at + (<u32>bits >> 3) + 1;
    const userEnd = end - 2;
    if (user >= userEnd) break;
    if (load<u8>(userEnd) !== COMMA) break;
    const rating = <u64>load<u8>(userEnd, 1) - ZERO;
    if (rating > 9) break;
    let odd = userEnd;
    if (userEnd - user - 4 > 4) odd = user;
    else if ((load<u32>(user) & FOUR_HIGH_NIBBLES) !== FOUR_DIGITS) odd = user;
    else if ((load<u32>(userEnd - 4) & FOUR_HIGH_NIBBLES) !== FOUR_DIGITS) odd = user;
    while (odd < userEnd && load<u8>(odd) > COMMA) odd++;
    if (odd !== userEnd) break;

    if (<i32>slot < 0) {
      if (given >= slotsEnd) break;
      slot = given++;
      store<u32>(givenTo + (slot << 2), id);
      store<u32>(table + (id << 2), given);
    }
    const cell = cells + (slot << 3);
    const before = load<u64>(cell);
    // Without a branch, which nothing could foretell: what is not counted is written over.
    store<u32>(touched + (touchedCount << 2), slot);
    touchedCount += u32(before === 0);
    store<u64>(cell, (before + (1 | (rating << SUM_SHIFT))) | ((1 << VALUES_SHIFT) << rating));
    taken++;
    offsetDelta = delta;
    next = recordEnd;
  }
  store<u32>(report, touchedCount, TOUCHED_AT);
  store<u32>(report, next, NEXT_AT);
  store<u32>(report, offsetDelta, OFFSET_DELTA_AT);
  store<u32>(report, given, GIVEN_AT);
  return taken;
}

/**
 * Hands out the cells of the `slots` first slots that are not 0, in order, and makes them 0: slot, count and sum, a
 * word each, at `entries`, and 16 bits of rating values at `values`; both have room for all. Returns how many they
 * were.
 */
export function handOut(cells: u32, slots: u32, entries: u32, values: u32): u32 {
  let movies: u32 = 0;
  for (let slot: u32 = 0; slot < slots; slot++, cells += 8) {
    const cell = load<u64>(cells);
    store<u32>(entries, slot, 0);
    store<u32>(entries, <u32>cell & COUNT_MASK, 4);
    store<u32>(entries, <u32>(cell >> SUM_SHIFT) & SUM_MASK, 8);
    store<u16>(values + (movies << 1), <u16>(cell >> VALUES_SHIFT));
    store<u64>(cells, 0);
    // What is nothing is written over.
    const isThere = u32(cell !== 0);
    movies += isThere;
    entries += isThere * 12;
  }
  return movies;
}
